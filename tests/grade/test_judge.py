import asyncio

import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest
from burnish.core.rollout import TokenUsage
from burnish.core.template import UnknownVariable
from burnish.grade.judge import Judge, check_images, check_text_only, usage_of
from burnish.spec.chat import ChatUsage
from burnish.spec.grader import JudgeMessage, SamplingParams
from tests.fakes import FakeChat, answer

SCOPE = {"item": {"answer": "yes"}, "sample": {"output_text": "no"}}


def judge(chat, content="Rate {{sample.output_text}}", **sampling):
    messages = tuple(JudgeMessage.model_validate({"role": "user", "content": each}) for each in [content])
    return Judge("judge", messages, SamplingParams(**sampling), chat)


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


def test_a_failure_is_not_asked_again_for_the_chat_has_done_so():
    chat = FakeChat([GraderUnavailable("down")])
    with pytest.raises(GraderUnavailable, match="down"):
        asyncio.run(judge(chat).ask(SCOPE, {}))
    assert len(chat.requests) == 1


IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,{{item.answer}}", "detail": "low"}
SOUND = {"type": "input_audio", "input_audio": {"data": "{{item.answer}}", "format": "wav"}}


def test_images_and_sound_are_sent_in_chat_shape_with_their_variables_filled():
    content = [{"type": "input_text", "text": "Look:"}, IMAGE, SOUND]
    assert asked(content=content).messages == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,yes", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "yes", "format": "wav"}},
            ],
        }
    ]


def test_a_lone_image_is_a_part_too():
    plain = {"type": "input_image", "image_url": "https://example.test/a.png"}
    assert asked(content=plain).messages == [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.test/a.png"}}]}
    ]


def messages(*contents):
    return tuple(JudgeMessage.model_validate({"role": "user", "content": content}) for content in contents)


@pytest.mark.parametrize(
    ("image", "field", "words"),
    [
        ({"type": "input_image", "file_id": "file-1"}, "file_id", "give an 'image_url'"),
        ({"type": "input_image"}, "image_url", "needs an 'image_url'"),
    ],
)
def test_an_image_without_an_address_is_refused_at_its_place(image, field, words):
    with pytest.raises(InvalidRequest, match=words) as caught:
        check_images(messages("a", [{"type": "input_text", "text": "b"}, image]), "grader.graders.style")
    assert caught.value.param == f"grader.graders.style.input[1].content[1].{field}"
    check_images(messages("a", IMAGE, SOUND), "grader")


@pytest.mark.parametrize(("part", "kind"), [(IMAGE, "input_image"), (SOUND, "input_audio")])
def test_a_judge_that_reads_text_only_is_not_shown_more(part, kind):
    with pytest.raises(InvalidRequest, match=f"reads text only, not '{kind}'") as caught:
        check_text_only(messages("a", part), "grader")
    assert caught.value.param == "grader.input[1].content"
    check_text_only(messages("a", [{"type": "input_text", "text": "b"}]), "grader")


def test_usage_counts_cached_tokens_where_the_judge_tells_of_them():
    assert usage_of(answer("x")) == TokenUsage(100, 20, 60)
    plain = ChatUsage(prompt_tokens=5, completion_tokens=2, total_tokens=7, prompt_tokens_details=None)
    assert usage_of(answer("x", usage=plain)) == TokenUsage(5, 2, 0)
    assert usage_of(answer("x").model_copy(update={"usage": None})) == TokenUsage(0, 0, 0)
