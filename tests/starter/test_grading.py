import pytest

from burnish.core.rollout import Item, Sample
from burnish.starter.family import multi, rouge_1, string_check
from burnish.starter.grading import scores

GRADER = multi(
    "0.5 * verdict + 0.5 * words",
    string_check("verdict", "{{sample.output_json.v}}", "{{item.v}}"),
    rouge_1("words", "{{sample.output_json.w}}", "{{item.w}}"),
)
ITEM = Item(1, (), (), {"v": "yes", "w": "uses TLS for all"})


def test_a_score_is_put_together_from_its_parts():
    right = Sample("", {"v": "yes", "w": "uses TLS"})  # precision 1, recall 1/2: F1 2/3
    wrong = Sample("", {"v": "no", "w": "uses TLS for all"})
    assert scores(GRADER, [(ITEM, right), (ITEM, wrong)]) == pytest.approx([0.5 + 0.5 * 2 / 3, 0.5])


def test_an_answer_without_json_scores_zero():
    assert scores(GRADER, [(ITEM, Sample("?", None))]) == [0.0]


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="'python' is no exact grader"):
        scores({"type": "python"}, [])
