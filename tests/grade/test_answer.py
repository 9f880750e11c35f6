import pytest

from burnish.grade.answer import sample_of


@pytest.mark.parametrize(("text", "value"), [('{"a": [1, null]}', {"a": [1, None]}), ("3", 3), ('"x"', "x")])
def test_a_text_that_is_json_fills_the_json(text, value):
    assert (sample_of(text).text, sample_of(text).json) == (text, value)


@pytest.mark.parametrize(
    "text", ["", "yes", "{'a': 1}", '{"a": NaN}', '"\\ud800"', "[" * 100_000, "1" * 5000, '{"a": 1} and more']
)
def test_any_other_text_is_text_alone(text):
    assert (sample_of(text).text, sample_of(text).json) == (text, None)


def test_tool_calls_are_handed_on():
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert sample_of("", [call]).tool_calls == (call,)
