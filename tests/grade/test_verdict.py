"""What every judge's grade has in common, asked with a question of a single word."""

import asyncio
import json

import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest
from burnish.core.rollout import Fault, Item, Sample, TokenUsage
from burnish.core.template import UnknownVariable
from burnish.grade.door import Case, Title
from burnish.grade.judge import Judge
from burnish.grade.scope import scope_of
from burnish.grade.verdict import Question, graded
from burnish.spec.grader import JudgeMessage, SamplingParams
from tests.fakes import FakeChat, answer, verdict

ITEM = Item(line=1, messages=(), tools=(), fields={})
SAMPLE = Sample("no", None)
WORD = Question("word", {"type": "string"}, lambda result: 1.0 if result == "yes" else None, "the word yes")


def asked(*answers, content="?"):
    chat = FakeChat(answers)
    judge = Judge("gpt-4o", (JudgeMessage(role="user", content=content),), SamplingParams(), chat)
    case = Case(ITEM, SAMPLE, scope_of(ITEM, SAMPLE))
    return asyncio.run(graded(judge, WORD, case, Title("judge", "score_model"))), chat


def only_fault(grade):
    [note] = grade.faults
    return note.fault


def test_the_schema_is_strict_and_puts_reasoned_steps_before_the_result():
    _, chat = asked(verdict("yes"))
    form = chat.requests[0].response_format
    assert form == WORD.response_format()
    assert (form["type"], form["json_schema"]["name"], form["json_schema"]["strict"]) == ("json_schema", "word", True)
    schema = form["json_schema"]["schema"]
    assert list(schema["properties"]) == schema["required"] == ["steps", "result"]
    assert schema["properties"]["result"] == {"type": "string"}
    step = schema["properties"]["steps"]["items"]
    assert step["required"] == ["description", "conclusion"]
    assert schema["additionalProperties"] is step["additionalProperties"] is False


def test_score_model_and_tokens_stand_in_the_grade():
    grade, _ = asked(verdict("yes"))
    assert (grade.score, grade.faults, grade.model) == (1.0, (), "gpt-4o")
    assert grade.usage == {"gpt-4o": TokenUsage(100, 20, 60)}


@pytest.mark.parametrize(
    "refused", [answer(None, refusal="I cannot help with that."), answer(None, finish="content_filter")]
)
def test_a_refusal_is_a_zero_with_its_flag_and_its_tokens(refused):
    grade, _ = asked(refused)
    assert (grade.score, only_fault(grade)) == (0.0, Fault.MODEL_REFUSAL)
    assert grade.usage == {"gpt-4o": TokenUsage(100, 20, 60)}


@pytest.mark.parametrize(
    "unreadable",
    [
        verdict("no"),
        answer("yes"),
        answer(""),
        answer(None),
        answer("[]"),
        answer("{}"),
        answer("[" * 100_000),
        answer("x").model_copy(update={"choices": []}),
    ],
)
def test_what_cannot_be_read_is_a_zero_with_its_flag_and_is_not_asked_again(unreadable):
    grade, chat = asked(unreadable)
    assert (grade.score, only_fault(grade), len(chat.requests)) == (0.0, Fault.MODEL_PARSE, 1)


def test_the_complaint_shows_what_came_and_what_was_wanted():
    grade, _ = asked(answer("maybe"))
    assert (
        grade.faults[0].detail
        == "The judge's answer is not the JSON object asked for, with the word yes in 'result': 'maybe'"
    )


def test_a_judge_cut_short_says_what_to_raise():
    grade, _ = asked(answer('{"steps": [', finish="length"))
    assert "max_completions_tokens" in grade.faults[0].detail


@pytest.mark.parametrize("error", [GraderUnavailable("down"), InvalidRequest("no such model")])
def test_a_judge_that_fails_us_leaves_no_score_and_is_asked_by_nobody_again(error):
    grade, chat = asked(error)
    assert (grade.score, only_fault(grade), grade.usage) == (None, Fault.MODEL_SERVER, {})
    assert (len(chat.requests), grade.model, grade.faults[0].detail) == (1, "gpt-4o", error.message)


def test_a_prompt_that_cannot_be_filled_asks_nobody():
    with pytest.raises(UnknownVariable):
        asked(verdict("yes"), content="{{item.anwser}}")


def test_other_keys_beside_the_result_do_no_harm():
    assert asked(answer(json.dumps({"result": "yes", "confidence": 1})))[0].score == 1.0
