from burnish.starter.families import families
from burnish.starter.sampling import answers, item_of, load, read
from burnish.starter.splits import rows
from tests.starter.weights import DIRECTORY

QUERY, TOOLCALL = families()["query"], families()["toolcall"]


def test_reasoning_and_answer_are_told_apart():
    reasoning, sample = read('work</think>{"a":1}<|im_end|><|endoftext|>', QUERY, "medium")
    assert reasoning == "work"
    assert (sample.text, sample.json, sample.finish) == ('{"a":1}', {"a": 1}, "stop")


def test_without_effort_everything_is_the_answer():
    reasoning, sample = read('{"a":1}<|im_end|>', QUERY, "none")
    assert (reasoning, sample.json) == ("", {"a": 1})


def test_what_does_not_end_or_is_no_json_has_no_json():
    assert read('x</think>{"a":1}', QUERY, "low")[1].json is None
    assert read("never ends", QUERY, "low")[1].finish == "length"
    assert read("x</think>{a}<|im_end|>", QUERY, "low")[1].json is None


def test_tool_calls_are_read_in_chat_shape():
    text = 'r</think><tool_call>\n{"name":"f","arguments":{"x":1}}\n</tool_call><|im_end|>'
    _, sample = read(text, TOOLCALL, "medium")
    assert sample.tool_calls == (
        {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
    )
    assert sample.text == ""


def test_broken_tool_calls_are_none():
    assert read("r</think><tool_call>\n{f}\n</tool_call><|im_end|>", TOOLCALL, "medium")[1].tool_calls == ()


def test_the_shipped_model_answers_each_row_so_often_and_greedily_the_same():
    model, held_out = load(DIRECTORY), rows(QUERY, "valid", 2, seed=0)
    greedy = list(answers(model, QUERY, held_out, temperature=0.0, n=2))
    assert [one.row for one in greedy].count(held_out[0]) == 2
    assert len({one.sample.text for one in greedy if one.row is held_out[0]}) == 1
    assert all(isinstance(one.sample.json, dict) for one in greedy)


def test_a_grader_sees_the_whole_row():
    row = rows(TOOLCALL, "valid", 5, seed=0)[0]
    item = item_of(row)
    assert item.fields is row.fields
    assert item.messages == tuple(row.fields["messages"])
    assert len(item.tools) == len(row.fields["tools"])
