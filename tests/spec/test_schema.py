import json
import subprocess
import sys

import pytest

from burnish.core.errors import InvalidRequest
from burnish.spec.schema import check_schema, grammar_of

GOOD = {
    "type": "object",
    "properties": {"zeta": {"type": "string"}, "alpha": {"enum": ["yes", "no"]}},
    "required": ["zeta", "alpha"],
    "additionalProperties": False,
}


def test_a_schema_comes_back_as_text_with_its_fields_in_order():
    assert json.loads(check_schema(GOOD)) == GOOD
    assert check_schema(GOOD).index("zeta") < check_schema(GOOD).index("alpha")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"not": {"type": "string"}}, "not"),
        ({"type": "strin"}, "strin"),
        ({"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}}, "nowhere"),
        ({"type": "string", "pattern": "(?=a)b"}, "look-ahead"),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "minLength"),
        ([1], "object"),
    ],
)
def test_what_cannot_be_enforced_is_refused_with_the_reason(schema, reason):
    with pytest.raises(InvalidRequest, match=reason) as caught:
        check_schema(schema, "response_format.json_schema.schema")
    assert caught.value.code == "invalid_json_schema"
    assert caught.value.param == "response_format.json_schema.schema"


def test_a_schema_may_not_ask_for_whitespace_back():
    asking = json.dumps(GOOD | {"x-guidance": {"whitespace_flexible": True}})
    assert '"whitespace_flexible":false' in grammar_of(asking).replace(" ", "")


def test_the_door_checks_schemas_without_torch():
    code = "import sys, burnish.spec.schema; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
