"""Errors to HTTP: OpenAI's envelope with all four keys, and 400 where frameworks say 422."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from burnish.core.errors import BurnishError, Busy, InvalidRequest, Unavailable

Json = Any


def envelope(message: str, kind: str, param: str | None = None, code: str | None = None) -> dict[str, Json]:
    """OpenAI's error body."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def response(error: BurnishError) -> JSONResponse:
    """The response that an error of ours becomes."""
    return JSONResponse(error.body, error.status)


RETRY_AFTER_S = 3
"""About what the inference process needs to come up."""


def come_back(error: Busy | Unavailable, model: str) -> JSONResponse:
    """What a model's caller is told that may try again."""
    kind = Busy if isinstance(error, Busy) else Unavailable
    answer = response(kind(f"'{model}' cannot answer at present: {error.message}"))
    answer.headers["retry-after"] = str(RETRY_AFTER_S)
    return answer


def install(app: FastAPI) -> None:
    """Make the app answer every error in the envelope. Unexpected exceptions are the door's (`server/door.py`)."""
    app.add_exception_handler(BurnishError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BurnishError)
    return response(error)


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return response(invalid_request(error.errors(), error.body))


def _http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: unknown routes, wrong methods, unreadable or oversized bodies."""
    assert isinstance(error, HTTPException)
    code: str | None = None
    message = str(error.detail)
    if error.status_code == 404:
        message, code = f"Invalid URL ({request.method} {request.url.path})", "unknown_url"
    elif error.status_code == 405:
        message, code = f"Not allowed to {request.method} on {request.url.path}.", "method_not_supported"
    elif error.status_code == 413:
        code = "request_too_large"
    kind = "server_error" if error.status_code >= 500 else "invalid_request_error"
    return JSONResponse(envelope(message, kind, None, code), error.status_code, error.headers)


def invalid_request(errors: Sequence[Mapping[str, Any]], body: Json) -> InvalidRequest:
    """pydantic's errors as one of OpenAI's: an unknown field first, for that is a typo that explains the others."""
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", "no valid JSON")
        return InvalidRequest(f"We could not parse the JSON body of your request: {reason}.", code="invalid_json")
    place, *path = first["loc"]
    if not path and first["type"] == "missing":
        return InvalidRequest(f"The request needs a JSON {place}.", code="missing_required_parameter")
    if not path and first["type"] not in _TYPES:
        return InvalidRequest(f"The {place} is not valid: {first['msg']}.", code="invalid_value")
    if not path:
        found = _type_name(first.get("input"))
        return InvalidRequest(f"The {place} must be a JSON object, but is {found}.", code="invalid_type")
    param = _param(path, body if place == "body" else {}, first["type"])
    return _as_openai(first, param)


def _param(path: Sequence[str | int], body: Json, kind: str) -> str:
    """The field's path in the body, without the names of union members that pydantic puts in between."""
    name, value = "", body
    for place, part in enumerate(path):
        is_last = place == len(path) - 1
        if isinstance(value, Mapping) and part in value:
            name, value = f"{name}.{part}" if name else str(part), value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            name, value = f"{name}[{part}]", value[part]
        elif (is_last and kind == "missing") or not name:
            name = f"{name}.{part}" if name else str(part)
    return name


_TYPES = {
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "bool_type": "a boolean",
    "bool_parsing": "a boolean",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "an array",
    "tuple_type": "an array",
    "none_required": "null",
}


def _as_openai(error: Mapping[str, Any], param: str) -> InvalidRequest:
    kind, value, ctx = error["type"], error.get("input"), error.get("ctx", {})
    seen = _seen(value)
    if kind in _TYPES:
        message = f"Invalid type for '{param}': expected {_TYPES[kind]}, but got {_type_name(value)} instead."
        return InvalidRequest(message, param=param, code="invalid_type")
    match kind:
        case "extra_forbidden":
            return InvalidRequest(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
        case "missing":
            message = f"Missing required parameter: '{param}'."
            return InvalidRequest(message, param=param, code="missing_required_parameter")
        case "union_tag_not_found":
            tag = f"{param}.{ctx['discriminator'].strip(chr(39))}"
            return InvalidRequest(f"Missing required parameter: '{tag}'.", param=tag, code="missing_required_parameter")
        case "union_tag_invalid":
            tag = f"{param}.{ctx['discriminator'].strip(chr(39))}"
            message = f"Invalid value: '{ctx['tag']}'. Supported values are: {ctx['expected_tags']}."
            return InvalidRequest(message, param=tag, code="invalid_value")
        case "literal_error" | "enum":
            message = f"Invalid value for '{param}': {seen}. Supported values are: {ctx['expected']}."
            return InvalidRequest(message, param=param, code="invalid_value")
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return _out_of_range(kind, value, ctx, param)
        case "string_too_short" | "string_too_long" | "too_short" | "too_long":
            rule = error["msg"].removeprefix("String should").removeprefix("List should").strip()
            side = "below_min" if kind.endswith("short") else "above_max"
            what = "string" if kind.startswith("string") else "array"
            message = f"Invalid '{param}': it should {rule}, but got {seen}."
            return InvalidRequest(message, param=param, code=f"{what}_{side}_length")
        case "value_error":
            return InvalidRequest(f"Invalid value for '{param}': {ctx['error']}", param=param, code="invalid_value")
        case _:
            message = error["msg"].rstrip(".")
            code = "unsupported_value" if kind == "unsupported_value" else "invalid_value"
            return InvalidRequest(f"Invalid value for '{param}': {message}.", param=param, code=code)


def _out_of_range(kind: str, value: Json, ctx: Mapping[str, Any], param: str) -> InvalidRequest:
    sign, key, side = {
        "greater_than_equal": (">=", "ge", "below_min"),
        "greater_than": (">", "gt", "below_min"),
        "less_than_equal": ("<=", "le", "above_max"),
        "less_than": ("<", "lt", "above_max"),
    }[kind]
    number = "integer" if isinstance(ctx[key], int) else "decimal"
    words = side.replace("_min", " minimum").replace("_max", " maximum")
    message = (
        f"Invalid '{param}': {number} {words} value. Expected a value {sign} {ctx[key]:g}, but got {value} instead."
    )
    return InvalidRequest(message, param=param, code=f"{number}_{side}_value")


def _seen(value: Json) -> str:
    """A value as JSON, cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def _type_name(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str():
            return "a string"
        case list() | tuple():
            return "an array"
        case _:
            return "an object"
