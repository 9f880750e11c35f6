import asyncio
from typing import Any

import pytest

from burnish.core.evaluation import ModelUse
from burnish.core.rollout import Fault, FaultNote, Grade, Item, Sample, TokenUsage
from burnish.evals.criterion import Bar, Criterion, judge, spec_of, verdict
from burnish.grade.tools import Tools
from tests.fakes import FakeChat
from tests.fakes import verdict as said
from tests.rows import CRITERION

ITEM = Item(line=1, messages=(), tools=(), fields={"answer": "four"})
ALIKE = {
    "type": "text_similarity",
    "name": "alike",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "evaluation_metric": "fuzzy_match",
    "id": "alike-1",
}
STARS = {
    "type": "score_model",
    "name": "stars",
    "model": "judge",
    "input": [{"role": "user", "content": "{{sample.output_text}}"}],
    "range": [1, 5],
    "id": "stars-1",
}


def judged(text: str, *criteria: dict[str, Any]) -> Any:
    ready = [Criterion.of(each, Tools()) for each in criteria]
    return asyncio.run(judge(ready, ITEM, Sample(text=text, json=None)))


def test_an_item_passes_where_all_criteria_do():
    assert judged("four", CRITERION, ALIKE).status == "pass"
    found = judged("fou", CRITERION, ALIKE)
    assert found.status == "fail"
    assert [result["passed"] for result in found.results] == [False, True]
    assert found.share == pytest.approx((0 + 6 / 7) / 2)  # fuzzy_match of "fou" and "four": 2 * 3 / (3 + 4)


@pytest.mark.parametrize(("threshold", "passed"), [(0.74, True), (0.75, True), (0.76, False)])
def test_a_score_at_the_threshold_passes(threshold: float, passed: bool):
    bar = Bar.of({**ALIKE, "pass_threshold": threshold})
    assert bar.result(Grade("alike", "text_similarity", 0.75))["passed"] is passed


def test_without_a_threshold_the_middle_of_the_range_is_one():
    bar = Bar.of(STARS)
    assert (bar.threshold, bar.share(1), bar.share(4), bar.share(5)) == (3.0, 0.0, 0.75, 1.0)
    assert Bar.of({**STARS, "pass_threshold": 0.0}).threshold == 0.0


def test_a_missing_score_does_not_pass_and_says_why():
    note = FaultNote(Fault.INVALID_VARIABLE, "no item.answer")
    result = Bar.of({**CRITERION, "pass_threshold": 0.0}).result(Grade("exact", "string_check", None, (note,)))
    assert (result["score"], result["passed"]) == (0.0, False)
    assert result["errors"] == [{"fault": "invalid_variable_error", "detail": "no item.answer"}]


def test_what_a_judge_said_is_its_own_sample():
    grade = Grade("stars", "score_model", 4.0, usage={"judge-1": TokenUsage(9, 3)}, model="judge", said='{"result": 4}')
    result = Bar.of(STARS).result(grade)
    assert (result["name"], result["passed"]) == ("stars-1", True)
    assert result["sample"] == {
        "model": "judge",
        "output": [{"role": "assistant", "content": '{"result": 4}'}],
        "usage": [{"model": "judge-1", "prompt_tokens": 9, "completion_tokens": 3}],
    }


def test_the_children_of_a_multi_are_its_parts():
    child = {key: value for key, value in CRITERION.items() if key != "id"}
    multi = {"type": "multi", "name": "both", "graders": {"a": child}, "calculate_output": "2 * a", "id": "both-1"}
    [result] = judged("four", multi).results
    assert (result["score"], result["parts"]["a"]["score"]) == (2.0, 1.0)


def test_an_item_that_a_judge_failed_is_an_error():
    down = Grade("stars", "score_model", None, (FaultNote(Fault.MODEL_SERVER, "503"),))
    wrong = Grade("exact", "string_check", 0.0)
    assert verdict([{"passed": False}, {"passed": False}], [wrong, down]) == "error"
    assert verdict([{"passed": False}], [wrong]) == "fail"


def test_judges_are_asked_side_by_side_and_counted():
    chat = FakeChat([said(5)])
    ready = [Criterion.of(STARS, Tools(chat=chat))] * 2
    found = asyncio.run(judge(ready, ITEM, Sample(text="x", json=None)))
    assert found.usage == {"judge": ModelUse(2, TokenUsage(200, 40, 120))}
    assert chat.at_once == 2


def test_the_id_is_no_part_of_the_grader():
    assert spec_of(CRITERION).model_dump(exclude_none=True)["name"] == "exact"
