import pytest

from burnish.core.errors import InvalidRequest
from burnish.spec.items import chat_body, messages, normalized
from burnish.spec.response import ResponseRequest

CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def body(**fields: object) -> dict:
    request = ResponseRequest.model_validate({"model": "m", **fields})
    return chat_body(request, normalized(request.input))


def test_a_string_is_a_users_message():
    (item,) = normalized("hi")
    assert item["id"].startswith("msg_")
    assert (item["role"], item["content"]) == ("user", [{"type": "input_text", "text": "hi"}])


def test_what_a_client_sends_back_keeps_its_id():
    (item,) = normalized([{"type": "message", "id": "msg_1", "role": "assistant", "content": "yes"}])
    assert (item["id"], item["content"]) == ("msg_1", [{"type": "output_text", "text": "yes"}])


def test_instructions_come_first_and_calls_stand_with_what_was_said_before_them():
    items = normalized(
        [
            {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"role": "assistant", "content": "look"},
            CALL,
            CALL | {"call_id": "d"},
            {"type": "function_call_output", "call_id": "c", "output": "1"},
            {"type": "function_call_output", "call_id": "d", "output": [{"type": "input_text", "text": "2"}]},
            CALL,
        ]
    )
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert messages("Be brief.", items) == [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "ab"},
        {"role": "assistant", "content": "look", "tool_calls": [call, call | {"id": "d"}]},
        {"role": "tool", "tool_call_id": "c", "content": "1"},
        {"role": "tool", "tool_call_id": "d", "content": "2"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]


def test_flat_shapes_become_chats():
    chat = body(
        input="hi",
        tools=[
            {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True, "description": None}
        ],
        tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        text={"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}, "strict": True}},
        reasoning={"effort": "high"},
        max_output_tokens=9,
        include=["message.output_text.logprobs"],
    )
    assert chat == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "max_completion_tokens": 9,
        "reasoning_effort": "high",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "s", "schema": {"type": "object"}, "strict": True},
        },
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}],
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
        },
        "logprobs": True,
    }
    assert body(input="hi", tool_choice={"type": "function", "name": "f"})["tool_choice"] == {
        "type": "function",
        "function": {"name": "f"},
    }


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"role": "user"}, "input[0].content"),
        ({"role": "user", "content": ["x"]}, "input[0].content[0].type"),
        ({"role": "user", "content": [{"type": "input_text"}]}, "input[0].content[0].text"),
        (CALL | {"arguments": {}}, "input[0].arguments"),
        ({"type": "function_call_output", "call_id": "c"}, "input[0].output"),
        ({"type": "computer_call"}, "input[0].type"),
    ],
)
def test_an_item_that_cannot_be_read_is_named(item, param):
    with pytest.raises(InvalidRequest) as caught:
        normalized([item])
    assert caught.value.param == param
