import pytest
from pydantic import ValidationError

from burnish.spec.chat import ChatCompletion, ChatRequest

HELLO = [{"role": "user", "content": "Hello"}]


def complaint(**fields):
    with pytest.raises(ValidationError) as caught:
        ChatRequest.model_validate({"model": "m", "messages": HELLO, **fields})
    [error] = caught.value.errors()
    return error["loc"][0]


def test_what_is_not_sent_stays_unset():
    request = ChatRequest.model_validate({"model": "m", "messages": HELLO, "temperature": 0})
    assert request.model_dump(exclude_none=True) == {"model": "m", "messages": HELLO, "temperature": 0}


def test_fields_that_we_do_not_act_on_are_ignored():
    request = ChatRequest.model_validate({"model": "m", "messages": HELLO, "service_tier": "flex"})
    assert not hasattr(request, "service_tier")


def test_messages_go_through_as_they_are():
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hello"}], "name": "ann"}]
    assert ChatRequest.model_validate({"model": "m", "messages": parts}).messages == parts


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("messages", []),
        ("temperature", 2.1),
        ("temperature", -0.1),
        ("top_p", -0.1),
        ("top_p", 1.1),
        ("n", 0),
        ("n", 129),
        ("max_completion_tokens", 0),
        ("reasoning_effort", "extreme"),
    ],
)
def test_a_value_out_of_range_is_one_error_at_its_field(field, value):
    assert complaint(**{field: value}) == field


@pytest.mark.parametrize(("field", "value"), [("temperature", 2), ("top_p", 1), ("top_p", 0), ("n", 128), ("n", 1)])
def test_the_ends_of_the_ranges_are_allowed(field, value):
    assert getattr(ChatRequest.model_validate({"model": "m", "messages": HELLO, field: value}), field) == value


def test_a_foreign_servers_answer_with_null_details_and_extras_is_read():
    answer = ChatCompletion.model_validate(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "kv_transfer_params": None,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hi", "tool_calls": [], "reasoning": None},
                    "finish_reason": "stop",
                    "logprobs": None,
                    "stop_reason": None,
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "prompt_tokens_details": None},
        }
    )
    assert answer.choices[0].message.content == "Hi"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.prompt_tokens_details) == (9, None)
