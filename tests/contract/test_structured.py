"""Answers under a schema from a model that knows nothing: whatever it would say, what ends is valid.

The long one draws 10,000 answers: `python -m pytest tests/contract/test_structured.py -m slow -s` prints its figures.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import openai
import pytest

from tests.contract.served import TUNED, in_process

Json = Any

AT_ONCE = 125
MOST_TOKENS = 400


def text(most: int, **rules: Json) -> Json:
    return {"type": "string", "maxLength": most, **rules}


def whole(low: int, high: int) -> Json:
    return {"type": "integer", "minimum": low, "maximum": high}


def array(items: Json, most: int, **rules: Json) -> Json:
    return {"type": "array", "items": items, "maxItems": most, **rules}


def record(optional: tuple[str, ...] = (), **fields: Json) -> Json:
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


SCHEMAS: dict[str, Json] = {
    "a text": record(name=text(12)),
    "a text of some length": record(name=text(9, minLength=4)),
    "a choice": record(compliant={"enum": ["yes", "no", "needs review"]}),
    "a choice of any type": record(value={"enum": [1, "one", None, True, 0.5]}),
    "a constant beside a flag": record(kind={"const": "review"}, is_final={"type": "boolean"}),
    "a number within bounds": record(score=whole(-3, 127)),
    "a multiple": record(score={"type": "integer", "minimum": 0, "maximum": 100, "multipleOf": 5}),
    "a fraction": record(share={"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": 0.01}),
    "texts": record(tags=array(text(5), 4)),
    "at least two": record(pair=array(whole(0, 9), 3, minItems=2)),
    "a tuple": record(
        point={"type": "array", "prefixItems": [whole(0, 9), text(3)], "items": False, "minItems": 2, "maxItems": 2}
    ),
    "records in a list": record(steps=array(record(do=text(8), cost=whole(0, 50)), 3)),
    "nested": record(outer=record(inner=record(leaf=text(6)))),
    "optional fields": record(("note", "rank"), name=text(6), note=text(6), rank=whole(1, 3)),
    "null or text": record(answer={"anyOf": [text(8), {"type": "null"}]}),
    "one of two records": record(
        shape={
            "anyOf": [record(kind={"const": "disc"}, radius=whole(1, 9)), record(kind={"const": "bar"}, width=text(3))]
        }
    ),
    "a pattern": record(code={"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3,5}$"}),
    "a date": record(day={"type": "string", "format": "date"}),
    "by reference": {
        **record(left={"$ref": "#/$defs/leaf"}, right={"$ref": "#/$defs/leaf"}),
        "$defs": {"leaf": record(value=text(4), weight=whole(0, 3))},
    },
    "a list at the top": array(record(word=text(4)), 3),
}
UNSUPPORTED: dict[str, Json] = {
    "uniqueItems": array(text(3), 3, uniqueItems=True),
    "not": {"not": {"type": "string"}},
    "if": {"type": "object", "if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}},
    "propertyNames": {"type": "object", "propertyNames": {"maxLength": 3}},
    "contains": {"type": "array", "contains": {"type": "integer"}},
}


@pytest.fixture(scope="module")
def client(served) -> Iterator[openai.OpenAI]:
    with in_process(served) as client:
        yield client


def ended(client: openai.OpenAI, schema: Json, count: int, seed: int) -> int:
    """Draw so many answers, half from the base, half from a tuned model; how many ended, all of them valid."""
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    found = 0
    for model in ("tiny", TUNED):
        completion = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "hello"}],
            n=count // 2,
            seed=seed,
            reasoning_effort="none",
            max_completion_tokens=MOST_TOKENS,
            response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": schema, "strict": True}},
        )
        for choice in completion.choices:
            if choice.finish_reason == "stop":
                validator.validate(json.loads(choice.message.content))
                found += 1
            else:
                assert choice.finish_reason == "length"
    return found


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_answer_that_ends_is_valid_and_nearly_all_end(client, schema):
    assert ended(client, schema, 20, seed=1) >= 19


@pytest.mark.slow
def test_ten_thousand_answers_that_end_are_valid_and_99_of_100_end(client):
    found = {name: sum(ended(client, schema, 2 * AT_ONCE, seed) for seed in (2, 3)) for name, schema in SCHEMAS.items()}
    total = len(SCHEMAS) * 4 * AT_ONCE
    said = f"{sum(found.values())} of {total} answers ended, all of them valid; fewest of 500: {min(found.values())}"
    sys.stdout.write(f"\n{said}\n")
    assert total == 10_000
    assert sum(found.values()) >= 0.99 * total


@pytest.mark.parametrize("keyword", UNSUPPORTED)
def test_a_keyword_that_cannot_be_enforced_is_named_in_chat(client, keyword):
    wanted = {"type": "json_schema", "json_schema": {"name": "s", "schema": UNSUPPORTED[keyword], "strict": True}}
    with pytest.raises(openai.BadRequestError, match=keyword) as caught:
        client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "hello"}], response_format=wanted
        )
    assert (caught.value.param, caught.value.code) == ("response_format.json_schema.schema", "invalid_json_schema")


@pytest.mark.parametrize("keyword", UNSUPPORTED)
def test_a_keyword_that_cannot_be_enforced_is_named_in_responses(client, keyword):
    wanted = {"type": "json_schema", "name": "s", "schema": UNSUPPORTED[keyword], "strict": True}
    with pytest.raises(openai.BadRequestError, match=keyword) as caught:
        client.responses.create(model="tiny", input="hello", text={"format": wanted})
    assert (caught.value.param, caught.value.code) == ("text.format.schema", "invalid_json_schema")
