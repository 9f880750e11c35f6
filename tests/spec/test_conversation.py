import pytest

from burnish.core.errors import InvalidRequest
from burnish.spec.conversation import check_messages, check_tools

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_a_whole_conversation_with_tools_and_text_parts_passes():
    check_messages(
        [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "3"},
            {"role": "assistant", "content": "three"},
        ]
    )
    check_tools([{"type": "function", "function": {"name": "f", "parameters": {}}}])
    check_tools(None)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "robot", "content": "hi"}, "messages[0].role"),
        ({"content": "hi"}, "messages[0].role"),
        ({"role": "user"}, "messages[0].content"),
        ({"role": "user", "content": {"text": "hi"}}, "messages[0].content"),
        ({"role": "user", "content": ["hi"]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content[0]"),
        ({"role": "assistant", "tool_calls": {}}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": [{"id": "x"}]}, "messages[0].tool_calls[0]"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {}}}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_message_that_no_template_could_render_is_refused_by_its_place(message, param):
    with pytest.raises(InvalidRequest) as caught:
        check_messages([message])
    assert caught.value.param == param


def test_an_image_is_refused_in_clear_words():
    part = {"type": "image_url", "image_url": {"url": "data:"}}
    with pytest.raises(InvalidRequest, match="is of type 'image_url'; this model reads text only"):
        check_messages([{"role": "user", "content": [{"type": "text", "text": "?"}, part]}])


@pytest.mark.parametrize("tool", [{}, {"type": "web_search"}, {"type": "function", "function": {"name": 3}}])
def test_a_tool_that_is_no_function_is_refused(tool):
    with pytest.raises(InvalidRequest, match="tools"):
        check_tools([tool])
