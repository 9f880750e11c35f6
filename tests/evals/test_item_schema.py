import pytest

from burnish.core.errors import InvalidRequest
from burnish.evals.item_schema import ItemSchema

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "parts": {"type": "array", "items": {"type": "integer"}}},
    "required": ["answer"],
}


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"type": "objekt"}, "objekt"),
        ({"type": "object", "required": "answer"}, "answer"),
        ({"$ref": "https://example.com/item.json"}, "example.com"),
    ],
)
def test_what_is_no_schema_is_refused(schema: dict[str, object], word: str):
    with pytest.raises(InvalidRequest, match=word) as refusal:
        ItemSchema.of(schema, "data_source_config.item_schema")
    assert (refusal.value.param, refusal.value.code) == ("data_source_config.item_schema", "invalid_json_schema")


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ({"answer": "4"}, None),
        ({}, 'item: "answer" is a required property'),
        ({"answer": 4}, 'item.answer: 4 is not of type "string"'),
        ({"answer": "4", "parts": [1, "b"]}, 'item.parts[1]: "b" is not of type "integer"'),
    ],
)
def test_a_row_is_told_where_it_breaks_which_rule(item: dict[str, object], complaint: str | None):
    assert ItemSchema.of(SCHEMA, "x").complaint(item) == complaint


def test_a_long_complaint_is_cut():
    assert len(ItemSchema.of(SCHEMA, "x").complaint({"answer": ["a" * 5000]}) or "") < 300


@pytest.mark.parametrize(
    ("changes", "path", "may"),
    [
        ({}, "item.answer", True),
        ({}, "item.parts[0]", True),
        ({}, "item.anser", False),
        ({}, "item", True),
        ({"additionalProperties": True}, "item.anser", True),
        ({"patternProperties": {"^x": {}}}, "item.anser", True),
        ({"$ref": "#/$defs/a", "$defs": {"a": {}}}, "item.anser", True),
    ],
)
def test_a_variable_may_be_there_unless_the_schema_is_closed_to_it(changes: dict[str, object], path: str, may: bool):
    assert ItemSchema.of({**SCHEMA, **changes}, "x").may_have(path) is may


def test_a_schema_without_properties_is_open():
    assert ItemSchema.of({"type": "object"}, "x").may_have("item.anything")
