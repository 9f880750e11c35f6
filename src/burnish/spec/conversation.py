"""Whether a chat request's messages and tools can be rendered for a model that reads text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.errors import InvalidRequest

Json = Any
ROLES = ("developer", "system", "user", "assistant", "tool")


def check_messages(messages: Sequence[Mapping[str, Json]]) -> None:
    """Raise `InvalidRequest`, `param` naming the place, at the first message that no template could render."""
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        role = message.get("role")
        if role not in ROLES:
            raise _wrong(f"{place}.role", f"is {json.dumps(role)}; it must be one of {', '.join(ROLES)}")
        content = message.get("content")
        if isinstance(content, list):
            for number, part in enumerate(content):
                _check_part(part, f"{place}.content[{number}]")
        elif not isinstance(content, str) and not (role == "assistant" and content is None):
            raise _wrong(f"{place}.content", "must be a string or an array of text parts")
        _check_functions(message.get("tool_calls"), f"{place}.tool_calls", "arguments")


def check_tools(tools: Sequence[Mapping[str, Json]] | None) -> None:
    """Raise `InvalidRequest` at the first tool that is no function in chat shape."""
    _check_functions(tools, "tools", None)


def _check_part(part: Json, place: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in ("image_url", "input_image", "input_audio", "file"):
        raise _wrong(place, f"is of type '{kind}'; this model reads text only")
    if kind not in ("text", "refusal") or not isinstance(part.get(kind), str):
        raise _wrong(place, "must be a text part: an object with type 'text' and a string 'text'")


def _check_functions(functions: Json, place: str, wanted: str | None) -> None:
    if functions is None:
        return
    if not isinstance(functions, list):
        raise _wrong(place, "must be an array")
    for index, holder in enumerate(functions):
        function = holder.get("function") if isinstance(holder, dict) else None
        if not isinstance(function, dict) or holder.get("type", "function") != "function":
            raise _wrong(f"{place}[{index}]", "must be an object with type 'function' and an object 'function'")
        for key in filter(None, ("name", wanted)):
            if not isinstance(function.get(key), str):
                raise _wrong(f"{place}[{index}].function.{key}", "must be a string")


def _wrong(param: str, rule: str) -> InvalidRequest:
    return InvalidRequest(f"'{param}' {rule}.", param=param)
