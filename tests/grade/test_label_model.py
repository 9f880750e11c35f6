import asyncio

import pytest

from burnish.core.errors import GraderUnavailable
from burnish.core.rollout import Fault, Item, Sample, TokenUsage
from burnish.grade.build import build
from burnish.grade.label_model import question
from burnish.grade.tools import Tools
from burnish.spec.grader import LabelModelSpec
from tests.fakes import FakeChat, answer, verdict

ITEM = Item(line=1, messages=(), tools=(), fields={"answer": "yes"})
LABELS = ["correct", "partly", "wrong"]


def graded(*answers):
    chat = FakeChat(answers)
    spec = LabelModelSpec.model_validate(
        {
            "type": "label_model",
            "name": "judged",
            "model": "gpt-4o",
            "input": [{"role": "user", "content": "Is {{sample.output_text}} {{item.answer}}?"}],
            "labels": LABELS,
            "passing_labels": ["correct", "partly"],
        }
    )
    return asyncio.run(build(spec, Tools(chat))(ITEM, Sample("no", None))), chat


@pytest.mark.parametrize(("label", "score"), [("correct", 1.0), ("partly", 1.0), ("wrong", 0.0)])
def test_a_passing_label_scores_one_and_another_nothing(label, score):
    grade, chat = graded(verdict(label))
    assert (grade.score, grade.faults, grade.type) == (score, (), "label_model")
    assert chat.requests[0].messages == [{"role": "user", "content": "Is no yes?"}]
    assert (grade.model, grade.usage) == ("gpt-4o", {"gpt-4o": TokenUsage(100, 20, 60)})


def test_the_judge_is_held_to_the_labels_by_a_strict_schema():
    form = question(["a", "b", "a"], ["a"]).response_format()["json_schema"]
    assert (form["name"], form["strict"]) == ("label", True)
    assert form["schema"]["properties"]["result"]["enum"] == ["a", "b"]
    assert form["schema"]["required"] == ["steps", "result"]


@pytest.mark.parametrize(
    "unreadable", [verdict("great"), verdict(1), verdict(None), verdict(["correct"]), answer("correct"), answer("{}")]
)
def test_what_is_no_label_is_a_zero_with_its_flag(unreadable):
    grade, _ = graded(unreadable)
    [note] = grade.faults
    assert (grade.score, note.fault) == (0.0, Fault.MODEL_PARSE)
    assert "one of the labels" in note.detail


def test_a_refusal_and_an_absence_are_those_of_every_judge():
    refused, _ = graded(answer(None, refusal="No."))
    lost, _ = graded(GraderUnavailable("down"))
    assert (refused.score, refused.faults[0].fault) == (0.0, Fault.MODEL_REFUSAL)
    assert (lost.score, lost.faults[0].fault) == (None, Fault.MODEL_SERVER)
    assert lost.faults[0].detail == "down"
