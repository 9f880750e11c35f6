import pytest

from burnish.dashboard import outcomes

COUNTS = {"total": 10, "passed": 3, "failed": 1, "errored": 2}
ITEM = {
    "id": "outputitem_1",
    "datasource_item_id": 7,
    "datasource_item": {"topic": "a", "n": 1},
    "status": "fail",
    "results": [{"score": 0.25, "passed": False}],
    "sample": {"input": [], "output": [{"role": "assistant", "content": "four"}], "usage": {"completion_tokens": 3}},
}


def _item(**changes):
    return {**ITEM, **changes}


def test_errors_are_done_but_count_in_no_rate():
    assert (outcomes.done(COUNTS), outcomes.pass_rate(COUNTS)) == (6, 0.75)
    assert outcomes.pass_rate({"total": 2, "passed": 0, "failed": 0, "errored": 2}) is None


def test_a_jobs_eval_is_called_by_its_job():
    made = {
        "name": "Reinforcement Fine Tuning …",
        "fine_tuning_job_id": "ftjob-a",
        "phase": "valid",
        "job_name": "mine",
    }
    assert outcomes.title(made) == "mine: validation"
    assert outcomes.title({**made, "phase": "train", "job_name": None}) == "ftjob-a: training"
    assert outcomes.title({**made, "fine_tuning_job_id": None}) == "Reinforcement Fine Tuning …"


def test_a_line_has_what_was_asked_and_answered():
    assert outcomes.line(ITEM) == ["outputitem_1", 7, "fail", [[0.25, False]], "topic: a  n: 1", "four", 3]
    asked = _item(datasource_item={"messages": [{"role": "user", "content": "x" * 400}]})
    assert outcomes.line(asked)[4] == "x" * 300
    rendered = _item(sample={**ITEM["sample"], "input": [{"role": "user", "content": "as it was put"}]})
    assert outcomes.question(rendered) == "as it was put"
    assert outcomes.question(_item(datasource_item={})) == "(the row is gone)"


def test_an_answer_without_text_says_why():
    assert (
        outcomes.answer(_item(sample={"output": [], "error": {"code": "x", "message": "It is down."}})) == "It is down."
    )
    call = {"function": {"name": "look"}}
    assert outcomes.answer(_item(sample={"output": [{"content": None, "tool_calls": [call]}]})) == (
        '[{"function": {"name": "look"}}]'
    )
    assert outcomes.answer(_item(sample={"output": [{"content": ""}]})) == "(no text)"


@pytest.mark.parametrize(
    ("rows", "paths"),
    [
        ([{"topic": "a"}, {"topic": "b"}, {"topic": "a"}, {"topic": "b"}], ["item.topic"]),
        ([{"topic": "a"}, {"topic": "a"}], []),
        ([{"id": n, "meta": {"hard": n < 3}} for n in range(6)], ["item.meta.hard"]),
        ([{"text": "x" * 61}, {"text": "y" * 61}], []),
    ],
)
def test_fields_that_some_rows_share_are_worth_slicing_by(rows, paths):
    assert outcomes.fields([_item(datasource_item=row) for row in rows]) == paths


def test_a_run_is_under_way_until_it_has_ended():
    assert [outcomes.is_under_way({"status": each}) for each in ("queued", "in_progress", "completed", "canceled")] == [
        True,
        True,
        False,
        False,
    ]
    assert outcomes.tokens({"per_model_usage": [{"total_tokens": 3}, {"total_tokens": 4}]}) == 7


def test_an_interval_is_written_beside_its_mean():
    assert outcomes.interval({"mean": 0.5, "low": 0.25, "high": 0.75}, "+.2f") == "+0.50 [+0.25, +0.75]"
    assert outcomes.interval(None) == "–"
