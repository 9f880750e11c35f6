import pytest

from burnish.core.errors import InvalidRequest
from burnish.server.responses.naming import in_items


@pytest.mark.parametrize(
    ("chat", "items"),
    [
        ("messages", "input"),
        ("messages[3].content[0]", "input"),
        ("response_format.json_schema.schema", "text.format.schema"),
        ("response_format.type", "text.format.type"),
        ("tools[2].function.parameters", "tools[2].parameters"),
        ("max_completion_tokens", "max_output_tokens"),
        ("reasoning_effort", "reasoning.effort"),
        ("tool_choice", "tool_choice"),
        (None, None),
    ],
)
def test_a_field_of_chat_goes_by_its_name_in_responses(chat, items):
    told = in_items(InvalidRequest("It is odd.", param=chat, code="odd"))
    assert (told.message, told.param, told.code) == ("It is odd.", items, "odd")
