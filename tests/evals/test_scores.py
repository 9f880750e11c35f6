import pytest

from burnish.evals.scores import name_of, scores_of
from tests.rows import eval_item

RUN = "evalrun_1"
LONG = "exact-6f1c6b5e-6c1f-4c1e-9d6b-0d3f5a1b2c3d"


def result(name: str, score: float) -> dict[str, object]:
    return {"name": name, "type": "string_check", "score": score, "passed": score >= 0.5, "sample": None}


def test_the_answers_to_a_row_are_one_value():
    items = [eval_item(RUN, place, passed=place < 3, row=place // 2) for place in range(4)]
    rows = scores_of(items, (), None).rows
    assert [(row.answers, row.mean, row.pass_rate) for row in rows.values()] == [(2, 1.0, 1.0), (2, 0.5, 0.5)]


def test_an_error_has_no_score_and_is_counted():
    items = [eval_item(RUN, 0), eval_item(RUN, 1, status="error", results=[])]
    found = scores_of(items, (), None)
    assert (list(found.rows), found.errors) == ([0], 1)


def test_scores_are_of_all_criteria_or_of_one():
    items = [eval_item(RUN, 0, results=[result("a", 1.0), result("b", 0.5)])]
    assert scores_of(items, (), None).rows[0].mean == 0.75
    assert scores_of(items, (), "b").rows[0].mean == 0.5
    assert scores_of(items, (), "c").errors == 1
    assert scores_of(items, (), None).criteria == {"a": [1.0, 1], "b": [0.5, 1]}


def test_rows_are_in_their_order_whatever_that_of_the_items_is():
    items = [eval_item(RUN, place, row=row) for place, row in enumerate((2, 0, 1))]
    assert list(scores_of(items, (), None).rows) == [0, 1, 2]


def test_rows_are_sliced_by_what_their_items_have():
    items = [
        eval_item(RUN, 0, item={"topic": "sums"}),
        eval_item(RUN, 1, item={"topic": ["a", "ü"]}),
        eval_item(RUN, 2, item={}),
    ]
    rows = scores_of(items, ("item.topic",), None).rows.values()
    assert [row.slices for row in rows] == [("sums",), ('["a", "ü"]',), ("(none)",)]


def test_seconds_are_summed_where_they_are_known():
    items = [eval_item(RUN, place, sample={"seconds": seconds}) for place, seconds in enumerate((1.0, 2.5, None))]
    assert scores_of(items, (), None).seconds == [3.5, 2]


@pytest.mark.parametrize(("stored", "name"), [(LONG, "exact"), ("a-b", "a-b"), ("", "")])
def test_a_criterion_goes_by_its_name_in_every_eval(stored: str, name: str):
    assert name_of({"name": stored}) == name
