import asyncio

import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest
from burnish.core.rollout import Fault, Item, Sample, TokenUsage
from burnish.grade.build import build
from burnish.grade.score_model import response_format
from burnish.grade.tools import Tools
from burnish.spec.grader import ScoreModelSpec
from tests.fakes import FakeChat, FakeSleep, answer, verdict

ITEM = Item(line=1, messages=(), tools=(), fields={"answer": "yes"})


def graded(*answers, content="Rate {{sample.output_text}}", limits=None):
    chat = FakeChat(answers)
    spec = ScoreModelSpec.model_validate(
        {"type": "score_model", "model": "gpt-4o", "input": [{"role": "user", "content": content}], "range": limits}
    )
    return asyncio.run(build(spec, Tools(chat, FakeSleep()))(ITEM, Sample("no", None))), chat


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


def test_the_judge_is_asked_for_steps_and_a_result_in_a_strict_schema():
    _, chat = graded(verdict(1), limits=[0, 5])
    form = chat.requests[0].response_format
    assert form == response_format(0.0, 5.0)
    assert form["json_schema"]["strict"] is True
    schema = form["json_schema"]["schema"]
    assert schema["required"] == ["steps", "result"]
    assert schema["properties"]["result"] == {"type": "number", "description": "The score: a number from 0 to 5."}
    step = schema["properties"]["steps"]["items"]
    assert step["required"] == ["description", "conclusion"]
    assert schema["additionalProperties"] is step["additionalProperties"] is False


def test_model_and_tokens_stand_in_the_grade():
    grade, _ = graded(verdict(1))
    assert (grade.model, grade.usage) == ("gpt-4o", {"gpt-4o": TokenUsage(100, 20, 60)})


@pytest.mark.parametrize(
    "refused", [answer(None, refusal="I cannot help with that."), answer(None, finish="content_filter")]
)
def test_a_refusal_is_a_zero_with_its_flag_and_its_tokens(refused):
    grade, _ = graded(refused)
    assert (grade.score, only_fault(grade)) == (0.0, Fault.MODEL_REFUSAL)
    assert grade.usage == {"gpt-4o": TokenUsage(100, 20, 60)}


@pytest.mark.parametrize(
    "unreadable",
    [
        answer("0.75"),
        answer("The answer is good."),
        answer(""),
        answer(None),
        answer("[]"),
        answer("{}"),
        answer('{"result": "0.7"}'),
        answer('{"result": true}'),
        answer('{"result": null}'),
        answer('{"result": NaN}'),
        answer('{"result": Infinity}'),
        answer('{"result": 1' + "0" * 400 + "}"),
        answer('{"steps": [], "result": 0.', finish="length"),
        answer("[" * 100_000),
        answer("x").model_copy(update={"choices": []}),
    ],
)
def test_what_cannot_be_read_is_a_zero_with_its_flag(unreadable):
    grade, chat = graded(unreadable)
    assert (grade.score, only_fault(grade)) == (0.0, Fault.MODEL_PARSE)
    assert len(chat.requests) == 1


def test_a_judge_cut_short_says_what_to_raise():
    grade, _ = graded(answer('{"steps": [', finish="length"))
    assert "max_completions_tokens" in grade.faults[0].detail


def test_a_judge_that_stays_away_leaves_no_score():
    grade, chat = graded(GraderUnavailable("down"))
    assert (grade.score, only_fault(grade), grade.usage) == (None, Fault.MODEL_SERVER, {})
    assert (len(chat.requests), grade.model, grade.faults[0].detail) == (3, "gpt-4o", "down")


def test_a_judge_that_comes_back_is_as_good_as_any():
    grade, _ = graded(GraderUnavailable("down"), verdict(0.5))
    assert (grade.score, grade.faults) == (0.5, ())


def test_an_endpoint_that_refuses_the_request_is_our_failure_too():
    grade, chat = graded(InvalidRequest("no such model"))
    assert (grade.score, only_fault(grade), len(chat.requests)) == (None, Fault.MODEL_SERVER, 1)


@pytest.mark.parametrize(
    ("content", "fault"),
    [("{{item.anwser}}", Fault.INVALID_VARIABLE), ("{{sample.output_json.x}}", Fault.SAMPLE_PARSE)],
)
def test_a_prompt_that_cannot_be_filled_is_a_zero_and_asks_nobody(content, fault):
    grade, chat = graded(verdict(1), content=content)
    assert (grade.score, only_fault(grade), chat.requests) == (0.0, fault, [])
