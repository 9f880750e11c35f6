import json
import random

import jsonschema_rs
import numpy as np
import pytest
from llguidance import LLMatcher, LLTokenizer

from burnish.spec.formats import PATTERNS, with_exact_formats
from burnish.spec.schema import grammar_of, reason_against

TOKENIZER = LLTokenizer("byte")
MOST_BYTES = 300


def allows(schema: dict, value: object) -> bool:
    matcher = LLMatcher(TOKENIZER, grammar_of(json.dumps(schema)), log_level=0)
    return matcher.consume_tokens(list(json.dumps(value, separators=(",", ":")).encode())) and matcher.is_accepting()


def drawn(schema: dict, chance: random.Random) -> str | None:
    """A string that the grammar allows, byte by byte at random; None where it grew too long."""
    matcher = LLMatcher(TOKENIZER, grammar_of(json.dumps(schema)), log_level=0)
    said = bytearray()
    while len(said) < MOST_BYTES:
        allowed = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8)[:32], bitorder="little")
        choices = np.flatnonzero(allowed).tolist()
        if not choices:
            return json.loads(said)
        byte = ord('"') if said and ord('"') in choices and chance.random() < 0.1 else chance.choice(choices)
        assert matcher.consume_token(byte)
        said.append(byte)
    return None


@pytest.mark.parametrize("name", ["date", "time", "date-time", "email", "duration", "hostname", "ipv4", "ipv6", "uuid"])
def test_what_a_format_allows_is_valid(name):
    schema = {"type": "string", "format": name}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    chance = random.Random(7)
    texts = [text for text in (drawn(schema, chance) for _ in range(400)) if text is not None]
    assert len(texts) > 200
    assert [text for text in texts if not validator.is_valid(text)] == []


@pytest.mark.parametrize("year", [2000, 2004, 2024, 1996, 2400])
def test_leap_years_have_a_29_february(year):
    assert allows({"type": "string", "format": "date"}, f"{year}-02-29")
    assert allows({"type": "string", "format": "date-time"}, f"{year}-02-29T23:59:59Z")


@pytest.mark.parametrize("year", [1900, 2023, 2100, 2026, 8869])
def test_other_years_have_none(year):
    assert not allows({"type": "string", "format": "date"}, f"{year}-02-29")
    assert not allows({"type": "string", "format": "date-time"}, f"{year}-02-29T23:59:59Z")


@pytest.mark.parametrize("day", ["2023-01-29", "2023-02-28", "2023-02-19", "2023-03-31", "2023-10-30", "2023-12-01"])
def test_every_other_day_stays(day):
    assert allows({"type": "string", "format": "date"}, day)
    assert allows({"type": "string", "format": "date-time"}, f"{day}t00:10:09.5+05:30")


def test_there_are_no_leap_seconds():
    assert allows({"type": "string", "format": "time"}, "23:59:59Z")
    assert not allows({"type": "string", "format": "time"}, "23:59:60Z")
    assert not allows({"type": "string", "format": "date-time"}, "2016-12-31T23:59:60Z")


def test_an_address_has_64_characters_before_the_at_and_63_in_a_label():
    address = {"type": "string", "format": "email"}
    assert allows(address, "a" * 64 + "@" + "b" * 63 + ".org")
    assert not allows(address, "a" * 65 + "@b.org")
    assert not allows(address, "a@" + "b" * 64 + ".org")


def test_a_pattern_of_ones_own_holds_as_well():
    own = {"type": "string", "format": "date", "pattern": "^20", "allOf": [{"maxLength": 10}]}
    exact = with_exact_formats(own)
    assert exact["pattern"] == "^20"
    assert exact["allOf"] == [{"maxLength": 10}, {"pattern": PATTERNS["date"]}]
    assert allows(own, "2024-02-29")
    assert not allows(own, "2023-02-29")
    assert not allows(own, "1996-02-29")


@pytest.mark.parametrize(
    "around",
    [
        lambda day: {"type": "object", "properties": {"a": day}, "required": ["a"], "additionalProperties": False},
        lambda day: {"type": "object", "additionalProperties": day},
        lambda day: {"type": "array", "items": day},
        lambda day: {"type": "array", "prefixItems": [day], "items": False},
        lambda day: {"anyOf": [{"type": "array", "items": day}, {"type": "object", "additionalProperties": day}]},
        lambda day: {
            "type": "array",
            "items": {"$ref": "#/components/schemas/day"},
            "components": {"schemas": {"day": day}},
        },
        lambda day: {
            "type": "array",
            "items": {"$ref": "#/$defs/day"},
            "$defs": {"day": {"type": ["string", "null"], **day}},
        },
    ],
    ids=["property", "any property", "items", "tuple", "one of several", "by a reference to anywhere", "by reference"],
)
def test_a_format_is_found_however_deep(around):
    schema = around({"type": "string", "format": "date"})
    pair = [{"a": "2024-02-29"}, {"a": "2023-02-29"}] if allows(schema, {"a": "2024-02-28"}) else None
    good, bad = pair or (["2024-02-29"], ["2023-02-29"])
    assert allows(schema, good)
    assert not allows(schema, bad)


def test_what_only_looks_like_a_format_stays_as_it_is():
    schema = {
        "type": "object",
        "properties": {"format": {"enum": [{"format": "date"}, "date"]}, "b": {"format": "e-mail"}},
        "required": ["format"],
        "default": {"format": "date"},
        "format": ["date"],
    }
    assert with_exact_formats(schema) == schema


@pytest.mark.parametrize("wrong", [5, None, True, {"a": 1}, "ab"])
def test_a_schema_that_is_none_is_refused_as_before(wrong):
    schema = {"type": "string", "format": "date", "pattern": "a", "allOf": wrong}
    assert with_exact_formats(schema) == schema
    assert reason_against(schema)


def test_one_that_is_too_deep_is_refused():
    schema: dict = {"type": "string"}
    for _ in range(2000):
        schema = {"type": "array", "items": schema}
    assert "recursion" in reason_against(schema)


def test_the_fields_keep_their_order_and_the_schema_itself_is_not_touched():
    schema = {"type": "object", "properties": {"z": {"type": "string", "format": "date"}, "a": {"type": "null"}}}
    before = json.dumps(schema)
    assert list(with_exact_formats(schema)["properties"]) == ["z", "a"]
    assert json.dumps(schema) == before
