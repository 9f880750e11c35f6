import asyncio

import pytest

from burnish.core.rollout import Fault, Item, Sample
from burnish.grade.build import build
from burnish.grade.score_model import question
from burnish.grade.tools import Tools
from burnish.spec.grader import ScoreModelSpec
from tests.fakes import FakeChat, answer, verdict

ITEM = Item(line=1, messages=(), tools=(), fields={"answer": "yes"})


def graded(*answers, content="Rate {{sample.output_text}}", limits=None):
    chat = FakeChat(answers)
    spec = ScoreModelSpec.model_validate(
        {"type": "score_model", "model": "gpt-4o", "input": [{"role": "user", "content": content}], "range": limits}
    )
    return asyncio.run(build(spec, Tools(chat))(ITEM, Sample("no", None))), chat


def only_fault(grade):
    [note] = grade.faults
    return note.fault


@pytest.mark.parametrize(
    ("result", "limits", "score"),
    [
        (0.7, None, 0.7),
        (1, None, 1.0),
        (1.5, None, 1.0),
        (-3, None, 0.0),
        (4.5, [0, 5], 4.5),
        (7, [0, 5], 5.0),
        (0, [1, 5], 1.0),
        (-2, [-1, 1], -1.0),
    ],
)
def test_the_result_is_clamped_into_the_range_and_not_rescaled(result, limits, score):
    grade, _ = graded(verdict(result), limits=limits)
    assert (grade.score, grade.faults) == (score, ())


def test_the_judge_is_asked_for_a_number_in_the_range():
    _, chat = graded(verdict(1), limits=[0, 5])
    form = chat.requests[0].response_format
    assert form == question(0.0, 5.0).response_format()
    result = form["json_schema"]["schema"]["properties"]["result"]
    assert result == {"type": "number", "description": "The score: a number from 0 to 5."}


@pytest.mark.parametrize(
    "unreadable",
    [
        answer("0.75"),
        answer("The answer is good."),
        answer('{"result": "0.7"}'),
        answer('{"result": true}'),
        answer('{"result": null}'),
        answer('{"result": NaN}'),
        answer('{"result": Infinity}'),
        answer('{"result": 1' + "0" * 400 + "}"),
        answer('{"steps": [], "result": 0.', finish="length"),
    ],
)
def test_what_is_no_finite_number_is_a_zero_with_its_flag(unreadable):
    grade, _ = graded(unreadable)
    assert (grade.score, only_fault(grade)) == (0.0, Fault.MODEL_PARSE)


@pytest.mark.parametrize(
    ("content", "fault"),
    [("{{item.anwser}}", Fault.INVALID_VARIABLE), ("{{sample.output_json.x}}", Fault.SAMPLE_PARSE)],
)
def test_a_prompt_that_cannot_be_filled_is_a_zero_and_asks_nobody(content, fault):
    grade, chat = graded(verdict(1), content=content)
    assert (grade.score, only_fault(grade), chat.requests) == (0.0, fault, [])
