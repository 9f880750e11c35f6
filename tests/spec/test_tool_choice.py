import pytest

from burnish.core.errors import InvalidRequest
from burnish.spec.chat import ChatRequest
from burnish.spec.tool_choice import must_call, offered


def tool(name: str) -> dict:
    return {"type": "function", "function": {"name": name}}


def choose(choice: object) -> ChatRequest:
    return ChatRequest.model_validate(
        {"model": "m", "messages": [{"role": "user"}], "tools": [tool("f"), tool("g")], "tool_choice": choice}
    )


@pytest.mark.parametrize(
    ("choice", "names", "must"),
    [
        (None, "fg", False),
        ("auto", "fg", False),
        ("none", "", False),
        ("required", "fg", True),
        (tool("g"), "g", True),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool("f")]}}, "f", False),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [tool("f")]}}, "f", True),
    ],
)
def test_a_choice_says_which_tools_there_are_and_whether_one_must_be_called(choice, names, must):
    assert [each["function"]["name"] for each in offered(choose(choice))] == list(names)
    assert must_call(choose(choice)) is must


@pytest.mark.parametrize(
    "choice",
    [
        "always",
        {"type": "function"},
        {"type": "custom", "custom": {"name": "f"}},
        tool("h"),
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool("h")]}},
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": ["f"]}},
    ],
)
def test_any_other_choice_is_refused(choice):
    with pytest.raises(InvalidRequest, match="must be 'auto'") as caught:
        offered(choose(choice))
    assert caught.value.param == "tool_choice"
