import pytest
from llguidance import LLMatcher, LLTokenizer

from burnish.core.errors import InvalidRequest
from burnish.spec.tool_grammar import call_grammar

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 9}, "days": {"$ref": "#/$defs/days"}},
    "required": ["city", "days"],
    "additionalProperties": False,
    "$defs": {"days": {"type": "integer", "minimum": 1, "maximum": 7}},
}


def tool(name: str = "weather", **function: object) -> dict:
    return {"type": "function", "function": {"name": name, **function}}


def takes(tools: list[dict], text: str) -> bool:
    matcher = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(call_grammar(tools)), log_level=0)
    assert not matcher.get_error()
    return matcher.consume_tokens(list(text.encode())) and matcher.is_accepting()


@pytest.mark.parametrize(
    ("call", "fits"),
    [
        ('{"name":"weather","arguments":{"city":"Rome","days":3}}', True),
        ('\n{"name": "weather", "arguments": {"city": "Rome", "days": 3}}\n', True),
        ('{"name":"weather","arguments":{"city":"Rome","days":8}}', False),
        ('{"name":"weather","arguments":{"city":"Rome"}}', False),
        ('{"name":"climate","arguments":{"city":"Rome","days":3}}', False),
        ('{"arguments":{"city":"Rome","days":3},"name":"weather"}', False),
    ],
)
def test_a_call_names_the_tool_and_keeps_to_its_schema(call, fits):
    assert takes([tool(parameters=PARAMETERS)], call) is fits


def test_each_tool_has_its_own_arguments():
    tools = [tool("a", parameters=PARAMETERS), tool("b.c/d-e", parameters={"type": "object"})]
    assert takes(tools, '{"name":"b.c/d-e","arguments":{"x":[1]}}')
    assert not takes(tools, '{"name":"bxc/d-e","arguments":{"x":[1]}}')
    assert not takes(tools, '{"name":"a","arguments":{"x":[1]}}')


def test_a_tool_without_parameters_takes_any_object():
    assert takes([tool()], '{"name":"weather","arguments":{}}')
    assert takes([tool(parameters=None)], '{"name":"weather","arguments":{"a":1}}')


def test_what_cannot_be_enforced_is_refused_if_strict_and_any_object_if_not():
    lenient = tool(parameters={"type": "object", "unevaluatedProperties": False})
    assert takes([lenient], '{"name":"weather","arguments":{"a":1}}')
    strict = tool(parameters={"type": "object", "unevaluatedProperties": False}, strict=True)
    with pytest.raises(InvalidRequest, match="unevaluatedProperties") as caught:
        call_grammar([tool(), strict])
    assert caught.value.param == "tools[1].function.parameters"


def test_parameters_that_are_no_schema_are_refused_if_strict():
    with pytest.raises(InvalidRequest, match="must be an object"):
        call_grammar([tool(parameters=["x"], strict=True)])
