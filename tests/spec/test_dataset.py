import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import JobFailure
from burnish.core.rollout import Item
from burnish.spec.dataset import Role, lines_of, parse_file, parse_line

USER = {"role": "user", "content": "hi"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def _jsonl(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _why(data: bytes, role: Role = "training_file") -> str:
    with pytest.raises(JobFailure) as failed:
        parse_file(data, role, "file-x")
    assert (failed.value.code, failed.value.param) == (f"invalid_{role}", role)
    return failed.value.message


def _why_row(**row: Any) -> str:
    return _why(_jsonl({"messages": [USER]}, row))


def test_a_row_becomes_an_item_with_all_its_keys():
    row = {"messages": [{"role": "developer", "content": "be kind"}, USER], "tools": [TOOL], "answer": 3}
    assert parse_line(json.dumps(row), 7) == Item(7, tuple(row["messages"]), (TOOL,), row)


def test_a_whole_conversation_is_taken():
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "look"}], "name": "anna"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
        {"role": "assistant", "content": "three"},
        USER,
    ]
    assert parse_line(json.dumps({"messages": messages, "tools": None}), 1).messages == tuple(messages)


def test_lines_are_counted_as_an_editor_counts_them():
    data = b"\xef\xbb\xbf" + _jsonl({"messages": [USER]}) + b"\r\n  \n" + _jsonl({"messages": [USER]}).rstrip()
    assert [item.line for item in parse_file(data, "training_file", "file-x").items] == [1, 4]


def test_unusual_line_separators_inside_a_string_do_not_split_a_row():
    row = '{"messages": [{"role": "user", "content": "a\u2028b\x85c"}]}\n'
    assert len(parse_file(row.encode(), "training_file", "file-x").items) == 1


def test_few_training_rows_are_worth_a_warning():
    nine, ten = _jsonl(*[{"messages": [USER]}] * 9), _jsonl(*[{"messages": [USER]}] * 10)
    assert parse_file(nine, "training_file", "file-x").warnings == (
        "Training file file-x has 9 row(s); use at least 10.",
    )
    assert parse_file(ten, "training_file", "file-x").warnings == ()
    assert parse_file(nine, "validation_file", "file-x").warnings == ()


@pytest.mark.parametrize(("role", "most"), [("training_file", 50_000), ("validation_file", 1_000)])
def test_a_file_has_a_highest_number_of_rows(role: Role, most: int):
    line = _jsonl({"messages": [USER]})
    assert len(parse_file(line * most, role, "file-x").items) == most
    assert f"line {most + 1}: a {role.replace('_', ' ')} may have at most {most:,} rows" in _why(
        line * (most + 1), role
    )


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(data: bytes):
    assert _why(data) == "Invalid training file file-x: the file is empty; it must have at least 1 row."


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"messages": [}', "malformed JSON at column 15"),
        (b'{"messages": []', "malformed JSON at column 16"),
        (b'{"messages": NaN}', "NaN is no JSON value"),
        (b'{"a": 1} {"b": 2}', "malformed JSON at column 10: Extra data"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": "\\ud800", "messages": []}', "half a surrogate pair"),
        (b'{"a": "\xff"}', "byte 8 of the line is not UTF-8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b"[1]", "a row must be a JSON object, but this is an array"),
        (b"null", "but this is null"),
    ],
)
def test_a_line_that_is_no_json_object_is_told_by_its_place(line: bytes, words: str):
    message = _why(_jsonl({"messages": [USER]}) + line)
    assert message.startswith("Invalid training file file-x: line 2: ")
    assert words in message


def test_a_whole_surrogate_pair_is_a_character():
    row = json.dumps({"messages": [{"role": "user", "content": "😀"}]})
    assert "\\ud83d" in row
    assert parse_line(row, 1).messages[0]["content"] == "😀"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "'messages' is missing"),
        ({"messages": {}}, "'messages' must be an array, but is an object"),
        ({"messages": []}, "'messages' is empty"),
        ({"messages": [3]}, "'messages[0]' must be an object, but is a number"),
        ({"messages": [{"content": "x"}]}, "'messages[0].role' is missing"),
        ({"messages": [{"role": "human", "content": "x"}]}, "'messages[0].role' is \"human\""),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "'messages[0].role' is [\"user\"]"),
        ({"messages": [USER, {"role": "assistant", "content": "x"}]}, "'messages[1].role' is 'assistant'; the last"),
        ({"messages": [{"role": "user"}]}, "'messages[0].content' is missing"),
        ({"messages": [{"role": "user", "content": 3}]}, "'messages[0].content' must be a string or an array"),
        ({"messages": [{"role": "user", "content": []}]}, "'messages[0].content' is an empty array"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "'messages[0].content[0]' is an image; images are not supported",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "'messages[0].content[0].type' is \"input_audio\"",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]},
            "'messages[0].content[0].text' must be a string, but is a number",
        ),
        ({"messages": [{"role": "assistant", "content": None}, USER]}, "'messages[0].content' is missing"),
        ({"messages": [{**USER, "tool_calls": [CALL]}]}, "belongs to assistant messages"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "id": None}]}, USER]},
            "'messages[0].tool_calls[0].id' must be a string, but is null",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f"}}]}, USER]},
            "'messages[0].tool_calls[0].function.arguments' must be a string, but is null",
        ),
        ({"messages": [{"role": "tool", "content": "x"}, USER]}, "'messages[0].tool_call_id' must be a string"),
        ({"messages": [USER], "tools": {}}, "'tools' must be an array, but is an object"),
        ({"messages": [USER], "tools": [{"type": "web"}]}, "'tools[0].type' is \"web\"; it must be 'function'"),
        ({"messages": [USER], "tools": [{"type": "function"}]}, "'tools[0].function' must be an object, but is null"),
        (
            {"messages": [USER], "tools": [{"type": "function", "function": {"name": "f", "parameters": True}}]},
            "'tools[0].function.parameters' must be a JSON schema object, but is a boolean",
        ),
    ],
)
def test_a_broken_rule_is_told_with_line_and_key(row: dict[str, Any], words: str):
    message = _why_row(**row)
    assert message.startswith("Invalid training file file-x: line 2: ")
    assert words in message


def test_a_validation_file_is_named_as_such():
    message = _why(b"{", "validation_file")
    assert message.startswith("Invalid validation file file-x: line 1: malformed JSON at column 2")


def test_the_guides_rows_are_taken():
    guide = Path(__file__).parents[1] / "contract" / "guides_train.jsonl"
    items = parse_file(guide.read_bytes(), "training_file", "file-x").items
    assert [item.fields["compliant"] for item in items] == ["yes", "needs review", "yes"]


def test_the_first_lines_are_those_of_the_whole_file():
    assert lines_of(b"\xef\xbb\xbfa\n\nb\n") == [b"a", b"", b"b", b""]
    assert lines_of(b"a\n\nb\n", first=2) == [b"a", b""]
    assert lines_of(b"a", first=2) == [b"a"]
