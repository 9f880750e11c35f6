"""Items of the Responses API as chat's messages, tools and formats."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from burnish.core.errors import InvalidRequest
from burnish.core.ids import new_id
from burnish.spec.response import ResponseRequest

Json = Any
_ROLES = ("user", "assistant", "system", "developer")


def normalized(given: str | Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Input items with their ids and types spelt out. Raises `InvalidRequest` for those no model here can read."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    return [_item(item, f"input[{place}]") for place, item in enumerate(given)]


def _item(item: Mapping[str, Json], place: str) -> dict[str, Json]:
    match item.get("type", "message"):
        case "message":
            return _message(item, place)
        case "function_call":
            for key in ("call_id", "name", "arguments"):
                _require_text(item, key, place)
            return {"id": new_id("fc_"), "status": "completed", **item}
        case "function_call_output":
            _require_text(item, "call_id", place)
            output = item.get("output")
            if isinstance(output, list):
                _check_parts(output, f"{place}.output", ("input_text",))
            elif not isinstance(output, str):
                raise _wrong(f"{place}.output", "must be a string or an array of input_text parts")
            return {"id": new_id("fco_"), "status": "completed", **item}
        case "reasoning":
            return {"id": new_id("rs_"), "summary": [], **item}
        case kind:
            raise _wrong(f"{place}.type", f"is {kind!r}, which no model here can read", "unsupported_value")


def _message(item: Mapping[str, Json], place: str) -> dict[str, Json]:
    role, content = item.get("role"), item.get("content")
    if role not in _ROLES:
        raise _wrong(f"{place}.role", f"must be one of {', '.join(_ROLES)}")
    kind = "output_text" if role == "assistant" else "input_text"
    if isinstance(content, str):
        content = [{"type": kind, "text": content}]
    elif isinstance(content, list):
        _check_parts(content, f"{place}.content", ("input_text", "output_text", "refusal"))
    else:
        raise _wrong(f"{place}.content", "must be a string or an array of parts")
    return {"id": new_id("msg_"), "status": "completed", **item, "type": "message", "content": content}


def _check_parts(parts: Sequence[Json], place: str, kinds: Sequence[str]) -> None:
    for number, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind not in kinds:
            raise _wrong(f"{place}[{number}].type", f"is {kind!r}; the models here read text only: {', '.join(kinds)}")
        _require_text(part, "refusal" if kind == "refusal" else "text", f"{place}[{number}]")


def _require_text(item: Mapping[str, Json], key: str, place: str) -> None:
    if not isinstance(item.get(key), str):
        raise _wrong(f"{place}.{key}", "must be a string")


def _wrong(param: str, rule: str, code: str | None = None) -> InvalidRequest:
    return InvalidRequest(f"'{param}' {rule}.", param=param, code=code)


def messages(instructions: str | None, items: Iterable[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Chat's messages of a conversation in items. Past reasoning is left out, as models are taught."""
    found: list[dict[str, Json]] = [] if instructions is None else [{"role": "developer", "content": instructions}]
    for item in items:
        match item["type"]:
            case "message":
                found.append({"role": item["role"], "content": _text(item["content"])})
            case "function_call":
                if not found or found[-1]["role"] != "assistant":
                    found.append({"role": "assistant", "content": None})
                function = {"name": item["name"], "arguments": item["arguments"]}
                call = {"id": item["call_id"], "type": "function", "function": function}
                found[-1].setdefault("tool_calls", []).append(call)
            case "function_call_output":
                output = item["output"]
                text = output if isinstance(output, str) else _text(output)
                found.append({"role": "tool", "tool_call_id": item["call_id"], "content": text})
    return found


def _text(parts: Iterable[Mapping[str, Json]]) -> str:
    return "".join(part.get("text", part.get("refusal", "")) for part in parts)


def chat_body(request: ResponseRequest, conversation: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """The chat request that answers a response request, given all its items. Raises `InvalidRequest`."""
    _refuse_what_is_missing(request)
    body: dict[str, Json] = {
        "model": request.model,
        "messages": messages(request.instructions, conversation),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_completion_tokens": request.max_output_tokens,
        "reasoning_effort": request.reasoning and request.reasoning.effort,
        "response_format": _format(request.text.format if request.text else None),
        "tools": [_tool(tool, place) for place, tool in enumerate(request.tools or ())] or None,
        "tool_choice": _choice(request.tool_choice),
        "parallel_tool_calls": request.parallel_tool_calls,
        "user": request.user,
        "logprobs": request.tells_logprobs or None,
        "top_logprobs": request.top_logprobs if request.tells_logprobs else None,
    }
    return {key: value for key, value in body.items() if value is not None}


def _refuse_what_is_missing(request: ResponseRequest) -> None:
    for field in ("conversation", "prompt"):
        if getattr(request, field) is not None:
            message = f"'{field}' is not supported: send the items themselves, or 'previous_response_id'."
            raise InvalidRequest(message, param=field, code="unsupported_parameter")
    if request.truncation not in (None, "disabled"):
        raise InvalidRequest("'truncation' can only be 'disabled'.", param="truncation", code="unsupported_value")
    if request.background and request.store is False:
        raise InvalidRequest("'background' needs 'store': where else would the answer go?", param="store")


def _format(given: Mapping[str, Json] | None) -> dict[str, Json] | None:
    match given:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return {"type": "json_object"}
        case {"type": "json_schema", "schema": dict()}:
            named = {key: value for key, value in given.items() if key != "type" and value is not None}
            return {"type": "json_schema", "json_schema": named}
        case {"type": "json_schema"}:
            raise _wrong("text.format.schema", "is missing")
        case _:
            raise _wrong("text.format.type", "must be 'text', 'json_object' or 'json_schema'")


def _tool(tool: Mapping[str, Json], place: int) -> dict[str, Json]:
    if tool.get("type") != "function":
        raise _wrong(
            f"tools[{place}].type", f"is {tool.get('type')!r}; only functions can be called", "unsupported_value"
        )
    _require_text(tool, "name", f"tools[{place}]")
    function = {key: value for key, value in tool.items() if key != "type" and value is not None}
    return {"type": "function", "function": function}


def _choice(choice: str | Mapping[str, Json] | None) -> Json:
    """The flat choice of a function, or of some, in chat's shape; whatever else it is, chat says what is wrong."""
    match choice:
        case {"type": "function", "name": name}:
            return {"type": "function", "function": {"name": name}}
        case {"type": "allowed_tools", "mode": mode, "tools": list(tools)}:
            nested = [_choice(tool) if isinstance(tool, Mapping) else tool for tool in tools]
            return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": nested}}
        case _:
            return choice
