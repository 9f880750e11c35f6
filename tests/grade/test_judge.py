import asyncio
import logging

import pytest

from burnish.core.errors import Busy, GraderUnavailable, InvalidRequest, Unavailable
from burnish.core.rollout import TokenUsage
from burnish.core.template import UnknownVariable
from burnish.grade.judge import Judge, check_parts, usage_of
from burnish.grade.tools import Tools
from burnish.spec.chat import ChatUsage
from burnish.spec.grader import JudgeMessage, SamplingParams
from tests.fakes import FakeChat, FakeSleep, answer

SCOPE = {"item": {"answer": "yes"}, "sample": {"output_text": "no"}}


def judge(chat, content="Rate {{sample.output_text}}", sleep=None, **sampling):
    messages = tuple(JudgeMessage.model_validate({"role": "user", "content": each}) for each in [content])
    return Judge("judge", messages, SamplingParams(**sampling), chat, Tools(chat, sleep or FakeSleep()))


def asked(*, content="Rate {{sample.output_text}}", **sampling):
    chat = FakeChat([answer("fine")])
    asyncio.run(judge(chat, content, **sampling).ask(SCOPE, {"type": "text"}))
    [request] = chat.requests
    return request


def test_what_the_user_did_not_set_is_left_to_the_judge():
    assert asked().model_dump(exclude_none=True) == {
        "model": "judge",
        "messages": [{"role": "user", "content": "Rate no"}],
        "response_format": {"type": "text"},
    }


def test_sampling_params_go_by_their_names_in_chat_completions():
    sent = asked(seed=1, top_p=0.5, temperature=0.1, max_completions_tokens=9, reasoning_effort="low")
    assert sent.model_dump(exclude_none=True, exclude={"model", "messages", "response_format"}) == {
        "seed": 1,
        "top_p": 0.5,
        "temperature": 0.1,
        "max_completion_tokens": 9,
        "reasoning_effort": "low",
    }


@pytest.mark.parametrize(
    "content",
    [
        "Is {{sample.output_text}} {{item.answer}}?",
        {"type": "input_text", "text": "Is {{sample.output_text}} {{item.answer}}?"},
        [{"type": "input_text", "text": "Is {{sample.output_text}} {{item.answer}}?"}],
    ],
)
def test_a_single_text_is_sent_as_a_string_with_its_variables_filled(content):
    assert asked(content=content).messages == [{"role": "user", "content": "Is no yes?"}]


def test_more_texts_are_sent_as_parts_in_their_order():
    content = [{"type": "input_text", "text": "Policy"}, {"type": "output_text", "text": "{{sample.output_text}}"}]
    assert asked(content=content).messages == [
        {"role": "user", "content": [{"type": "text", "text": "Policy"}, {"type": "text", "text": "no"}]}
    ]


def test_an_unknown_variable_asks_nobody():
    chat = FakeChat([answer("fine")])
    with pytest.raises(UnknownVariable):
        asyncio.run(judge(chat, "{{item.anwser}}").ask(SCOPE, {}))
    assert chat.requests == []


@pytest.mark.parametrize("error", [GraderUnavailable("down"), Busy("full"), Unavailable("gone")])
def test_a_judge_that_failed_us_is_asked_again_after_growing_pauses(error, caplog):
    caplog.set_level(logging.WARNING)
    chat, sleep = FakeChat([error, error, answer("fine")]), FakeSleep()
    completion = asyncio.run(judge(chat, sleep=sleep).ask(SCOPE, {}))
    assert completion.choices[0].message.content == "fine"
    assert sleep.pauses_s == [1.0, 3.0]
    assert [(record.attempt, record.reason) for record in caplog.records] == [(1, error.message), (2, error.message)]


def test_after_the_third_attempt_it_is_given_up():
    chat, sleep = FakeChat([GraderUnavailable("down")]), FakeSleep()
    with pytest.raises(GraderUnavailable, match="down"):
        asyncio.run(judge(chat, sleep=sleep).ask(SCOPE, {}))
    assert (len(chat.requests), sleep.pauses_s) == (3, [1.0, 3.0])


def test_a_refused_request_is_not_tried_again():
    chat = FakeChat([InvalidRequest("no such model")])
    with pytest.raises(InvalidRequest):
        asyncio.run(judge(chat).ask(SCOPE, {}))
    assert len(chat.requests) == 1


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "input_image", "image_url": "https://example.test/a.png"}, "input_image"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, "input_audio"),
    ],
)
def test_images_and_sound_are_refused_at_their_place(part, kind):
    texts = JudgeMessage(role="system", content="Be fair.")
    message = JudgeMessage.model_validate({"role": "user", "content": [{"type": "input_text", "text": "a"}, part]})
    with pytest.raises(InvalidRequest, match=f"'{kind}' is not available") as caught:
        check_parts((texts, message), "grader.graders.style")
    assert caught.value.param == "grader.graders.style.input[1].content"
    check_parts((texts,), "grader")


def test_usage_counts_cached_tokens_where_the_judge_tells_of_them():
    assert usage_of(answer("x")) == TokenUsage(100, 20, 60)
    plain = ChatUsage(prompt_tokens=5, completion_tokens=2, total_tokens=7, prompt_tokens_details=None)
    assert usage_of(answer("x", usage=plain)) == TokenUsage(5, 2, 0)
    assert usage_of(answer("x").model_copy(update={"usage": None})) == TokenUsage(0, 0, 0)
