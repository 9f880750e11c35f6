"""Which tools a chat request offers its model, and whether it must call one."""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.errors import InvalidRequest
from burnish.spec.chat import ChatRequest

Json = Any

_RULE = (
    "'tool_choice' must be 'auto', 'none', 'required', a function that is among the tools, or 'allowed_tools' of them"
)


def offered(request: ChatRequest) -> Sequence[Mapping[str, Json]]:
    """The tools that may be called, in chat's shape.

    Raises `InvalidRequest` for a choice that is none, or that names a tool that the request does not bring.
    """
    tools = request.tools or []
    match request.tool_choice:
        case "none":
            return []
        case None | "auto" | "required":
            return tools
        case {"type": "function", "function": {"name": str(name)}}:
            return _named(tools, [name])
        case {"type": "allowed_tools", "allowed_tools": {"mode": "auto" | "required", "tools": list(wanted)}}:
            return _named(tools, [_name(tool) for tool in wanted])
        case _:
            raise InvalidRequest(f"{_RULE}.", param="tool_choice")


def must_call(request: ChatRequest) -> bool:
    """Whether the answer has to be a call."""
    match request.tool_choice:
        case "required" | {"type": "function"} | {"type": "allowed_tools", "allowed_tools": {"mode": "required"}}:
            return True
        case _:
            return False


def _named(tools: Sequence[Mapping[str, Json]], names: Sequence[str | None]) -> Sequence[Mapping[str, Json]]:
    known = [tool["function"]["name"] for tool in tools]
    for name in names:
        if name not in known:
            raise InvalidRequest(f"{_RULE}; {name!r} is not.", param="tool_choice")
    return [tool for tool in tools if tool["function"]["name"] in names]


def _name(tool: Json) -> str | None:
    match tool:
        case {"type": "function", "function": {"name": str(name)}}:
            return name
        case _:
            return None
