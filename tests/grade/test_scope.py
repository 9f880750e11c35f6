import pytest

from burnish.core.rollout import Fault, FaultNote, Item, Sample
from burnish.core.template import UnknownVariable, fill
from burnish.grade.scope import SAMPLE_VARIABLES, note_of, scope_of

ITEM = Item(line=1, messages=(), tools=(), fields={"messages": [{"role": "user", "content": "?"}], "answer": "yes"})
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"x":1}'}}


def test_item_is_the_whole_row():
    scope = scope_of(ITEM, Sample("no", None))
    assert fill("{{item.messages[0].content}}{{item.answer}}", scope) == "?yes"


def test_sample_has_what_openai_documents():
    scope = scope_of(ITEM, Sample('{"a":1}', {"a": 1}, (CALL,)))
    assert set(scope["sample"]) == SAMPLE_VARIABLES
    assert scope["sample"]["output_audio"] is None
    template = "{{sample.output_text}} {{sample.output_json.a}} {{sample.output_tools[0].function.name}}"
    assert fill(template, scope) == '{"a":1} 1 look_up'


def test_choices_have_the_shape_of_a_chat_completions():
    assert scope_of(ITEM, Sample("no", None))["sample"]["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "no", "refusal": None},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ]


def test_a_choice_with_tool_calls_says_so():
    [choice] = scope_of(ITEM, Sample("", None, (CALL,)))["sample"]["choices"]
    assert (choice["finish_reason"], choice["message"]["tool_calls"]) == ("tool_calls", [CALL])


def test_hidden_reasoning_is_nowhere_to_be_seen():
    assert "secret thought" not in str(scope_of(ITEM, Sample("no", None, reasoning="secret thought")))


@pytest.mark.parametrize(
    ("template", "json", "fault"),
    [
        ("{{sample.output_json.a}}", None, Fault.SAMPLE_PARSE),
        ("{{sample.output_json}}", None, Fault.SAMPLE_PARSE),
        ("{{sample.output_json[0]}}", None, Fault.SAMPLE_PARSE),
        ("{{sample.output_json.a}}", {"b": 1}, Fault.INVALID_VARIABLE),
        ("{{sample.output_jsonl}}", None, Fault.INVALID_VARIABLE),
        ("{{item.output_json}}", None, Fault.INVALID_VARIABLE),
    ],
)
def test_json_that_is_not_there_is_the_answers_fault_and_all_else_the_templates(template, json, fault):
    sample = Sample("text", json)
    with pytest.raises(UnknownVariable) as caught:
        fill(template, scope_of(ITEM, sample))
    assert note_of(caught.value, sample).fault is fault


def test_an_empty_json_object_is_there():
    assert fill("{{sample.output_json}}", scope_of(ITEM, Sample("{}", {}))) == "{}"


def test_the_note_names_the_variable():
    error = UnknownVariable("'item.x' is unknown", "item.x")
    assert note_of(error, Sample("", None)) == FaultNote(Fault.INVALID_VARIABLE, "'item.x' is unknown")
