"""A dataset: JSONL, a conversation that ends with the user's turn per line, and any further keys for the grader.

Every refusal names the line, the key and the rule. `system` messages are taken though OpenAI asks for `developer`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, NoReturn

from burnish.core.errors import JobFailure
from burnish.core.rollout import Item

Json = Any
Role = Literal["training_file", "validation_file"]

MAX_ROWS: dict[Role, int] = {"training_file": 50_000, "validation_file": 1_000}
FEW_ROWS = 10
"""Fewer training rows than this are worth a warning (OpenAI's supervised jobs refuse them)."""
ROLES = ("developer", "system", "user", "assistant", "tool")


class Dataset(NamedTuple):
    """A file that may be trained on."""

    items: tuple[Item, ...]
    warnings: tuple[str, ...]
    """What is allowed, but should be known."""


class BrokenRow(NamedTuple):
    """A line that no job would take."""

    line: int
    rule: str
    """The key, where it is one's, and what is wrong with it."""


class _Wrong(Exception):
    """A key of the present row breaks a rule."""

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(f"'{key}' {rule}")


def parse_file(data: bytes, role: Role, file_id: str) -> Dataset:
    """The rows of a file. Raises `JobFailure` for the first broken rule, with line, key and rule.

    Blank lines are skipped, but counted: `Item.line` is the line an editor shows.
    """
    items: list[Item] = []
    for row in _rows(data):
        if isinstance(row, BrokenRow):
            _fail(role, file_id, f"line {row.line}: {row.rule}")
        if len(items) == MAX_ROWS[role]:
            _fail(role, file_id, f"line {row.line}: a {_name(role)} may have at most {MAX_ROWS[role]:,} rows.")
        items.append(row)
    if not items:
        _fail(role, file_id, "the file is empty; it must have at least 1 row.")
    return Dataset(tuple(items), _warnings(items, role, file_id))


def broken_rows(data: bytes) -> list[BrokenRow]:
    """Every line that breaks a rule, in the file's order."""
    return [row for row in _rows(data) if isinstance(row, BrokenRow)]


def _rows(data: bytes) -> Iterator[Item | BrokenRow]:
    for number, raw in enumerate(lines_of(data), start=1):
        if not raw.strip():
            continue
        try:
            yield parse_line(_decode(raw), number)
        except (_Wrong, ValueError) as wrong:
            yield BrokenRow(number, f"{wrong}.")


def lines_of(data: bytes, first: int | None = None) -> list[bytes]:
    """A file's lines, or the first so many, as `Item.line` counts them; without the mark that editors begin with."""
    return data.removeprefix(b"\xef\xbb\xbf").split(b"\n", -1 if first is None else first)[:first]


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8") from error


def _warnings(items: list[Item], role: Role, file_id: str) -> tuple[str, ...]:
    if role == "training_file" and len(items) < FEW_ROWS:
        return (f"{_name(role).capitalize()} {file_id} has {len(items)} row(s); use at least {FEW_ROWS}.",)
    return ()


def _fail(role: Role, file_id: str, why: str) -> NoReturn:
    raise JobFailure(f"Invalid {_name(role)} {file_id}: {why}", param=role, code=f"invalid_{role}")


def _name(role: Role) -> str:
    return role.replace("_", " ")


def parse_line(text: str, line: int) -> Item:
    """One row. Raises `ValueError` or another exception whose text names key and rule; `parse_file` adds the line."""
    row = _parse_json(text)
    if not isinstance(row, dict):
        raise ValueError(f"a row must be a JSON object, but this is {_kind(row)}")
    if "messages" not in row:
        raise _Wrong("messages", "is missing; it holds the conversation")
    messages = _list_of_objects(row["messages"], "messages")
    if not messages:
        raise _Wrong("messages", "is empty; it must have at least one message")
    for index, message in enumerate(messages):
        _check_message(message, f"messages[{index}]")
    if messages[-1]["role"] != "user":
        raise _Wrong(
            f"messages[{len(messages) - 1}].role", f"is '{messages[-1]['role']}'; the last message must be the user's"
        )
    tools = _list_of_objects(row["tools"], "tools") if row.get("tools") is not None else []
    for index, tool in enumerate(tools):
        _check_tool(tool, f"tools[{index}]")
    return Item(line=line, messages=tuple(messages), tools=tuple(tools), fields=row)


def _parse_json(text: str) -> Json:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"malformed JSON at column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise ValueError("malformed JSON: nested too deeply") from error
    if "\\ud" in text or "\\uD" in text:  # half a surrogate pair parses, but is no text
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("malformed JSON: a \\u escape is half a surrogate pair") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"malformed JSON: {name} is no JSON value")


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _list_of_objects(value: Json, key: str) -> list[dict[str, Json]]:
    if not isinstance(value, list):
        raise _Wrong(key, f"must be an array, but is {_kind(value)}")
    for index, each in enumerate(value):
        if not isinstance(each, dict):
            raise _Wrong(f"{key}[{index}]", f"must be an object, but is {_kind(each)}")
    return value


def _text(value: Json, key: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(key, f"must be a string, but is {_kind(value)}")
    return value


def _check_message(message: Mapping[str, Json], key: str) -> None:
    if "role" not in message:
        raise _Wrong(f"{key}.role", "is missing")
    role = message["role"]
    if role not in ROLES:
        raise _Wrong(f"{key}.role", f"is {json.dumps(role)}; it must be one of developer, user, assistant, tool")
    calls = message.get("tool_calls")
    if calls is not None:
        if role != "assistant":
            raise _Wrong(f"{key}.tool_calls", f"belongs to assistant messages, but the role is '{role}'")
        for index, call in enumerate(_list_of_objects(calls, f"{key}.tool_calls")):
            _check_call(call, f"{key}.tool_calls[{index}]")
    if role == "tool":
        _text(message.get("tool_call_id"), f"{key}.tool_call_id")
    if message.get("content") is None:
        if not calls:
            raise _Wrong(f"{key}.content", "is missing; it must be a string or text parts")
        return
    _check_content(message["content"], f"{key}.content")


def _check_content(content: Json, key: str) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise _Wrong(key, f"must be a string or an array of text parts, but is {_kind(content)}")
    if not content:
        raise _Wrong(key, "is an empty array; it must have at least one text part")
    for index, part in enumerate(_list_of_objects(content, key)):
        kind = part.get("type")
        if kind in ("image_url", "input_image"):
            raise _Wrong(f"{key}[{index}]", "is an image; images are not supported, only text")
        if kind != "text":
            raise _Wrong(f"{key}[{index}].type", f"is {json.dumps(kind)}; it must be 'text'")
        _text(part.get("text"), f"{key}[{index}].text")


def _check_call(call: Mapping[str, Json], key: str) -> None:
    function = _function(call, key)
    _text(call.get("id"), f"{key}.id")
    _text(function.get("name"), f"{key}.function.name")
    _text(function.get("arguments"), f"{key}.function.arguments")


def _check_tool(tool: Mapping[str, Json], key: str) -> None:
    function = _function(tool, key)
    _text(function.get("name"), f"{key}.function.name")
    parameters = function.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise _Wrong(f"{key}.function.parameters", f"must be a JSON schema object, but is {_kind(parameters)}")


def _function(holder: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    if holder.get("type") != "function":
        raise _Wrong(f"{key}.type", f"is {json.dumps(holder.get('type'))}; it must be 'function'")
    function = holder.get("function")
    if not isinstance(function, dict):
        raise _Wrong(f"{key}.function", f"must be an object, but is {_kind(function)}")
    return function
