"""Answers spelled out as ids of the tiny tokenizer, read token by token."""

from array import array
from pathlib import Path

import pytest

from burnish.core.rollout import Completion, SampleKey
from burnish.policy.load import Base
from burnish.policy.reading import Marks, Reading
from tests.tiny import write_tiny_model

CALL = '<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>'

PLAIN = Marks()


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Base:
    directory: Path = write_tiny_model(tmp_path_factory.mktemp("tiny"))
    return Base.load(directory)


def prompt_of(base: Base, effort: str = "none") -> "array[int]":
    return base.renderer.prompt([{"role": "user", "content": "?"}], [], effort)


def read(base: Base, text: str, marks: Marks = PLAIN, effort: str = "none") -> tuple[Reading, list[str]]:
    reading = Reading(base.vocabulary, prompt_of(base, effort), marks)
    ids = base.tokenizer.encode(text, add_special_tokens=False)
    pieces = [reading.push(token) for token in ids] + [reading.finish()]
    assert "".join(piece.text for piece in pieces) == reading.text
    assert [call for piece in pieces for call in piece.calls] == reading.calls
    late = Reading(base.vocabulary, prompt_of(base, effort), marks, shows_at_once=False)
    for token in ids:
        late.push(token)
    late.finish()
    assert (late.text, late.tokens, len(late.calls)) == (reading.text, reading.tokens, len(reading.calls))
    return reading, [piece.text for piece in pieces]


def test_text_comes_out_token_by_token_without_the_stop_token(base):
    reading, pieces = read(base, "xyz<|im_end|>")
    assert pieces == ["x", "y", "z", "", ""]
    assert (reading.tokens, reading.reasoning_tokens) == (4, 0)


def test_reasoning_stays_hidden_and_is_counted_with_its_mark(base):
    reading, _ = read(base, "hm so</think>yes<|im_end|>", effort="medium")
    thought = len(base.tokenizer.encode("hm so</think>"))
    assert (reading.text, reading.reasoning_tokens) == ("yes", thought)


@pytest.mark.parametrize(
    "text", ["\n\n a b \n", "a\n\nb", "", "  ", "é日👍 ", CALL, f" one {CALL} two {CALL}\n", "<tool_call>x"]
)
def test_the_text_is_what_a_grader_sees(base, text):
    reading, _ = read(base, text + "<|im_end|>", Marks(tools=True))
    prompt, ids = prompt_of(base), array("q", base.tokenizer.encode(text + "<|im_end|>"))
    key = SampleKey("j", "train", 1, 1, 0)
    nothing = array("d", [0.0] * len(ids))
    sample = base.renderer.reply(
        Completion(key, prompt, ids, nothing, array("q", [0] * len(ids)), nothing, None, 1.0, 0, 0, "stop")
    )
    assert reading.text == sample.text
    assert [call["function"] for call in reading.calls] == [call["function"] for call in sample.tool_calls]


def test_blanks_are_shown_only_when_text_follows(base):
    _, pieces = read(base, "\na \n b\n")
    assert pieces[0] == ""
    assert "".join(pieces[:3]) == "a"
    assert "".join(pieces) == "a \n b"


def test_a_stop_string_ends_the_text_before_it_and_nothing_of_it_is_shown(base):
    reading, pieces = read(base, "one STOP two", Marks(stops=("STOP", "two")))
    assert (reading.text, reading.is_over) == ("one", True)
    assert not any("S" in piece for piece in pieces)


def test_the_first_of_several_stop_strings_counts(base):
    assert read(base, "abcdef", Marks(stops=("ef", "cd")))[0].text == "ab"


def test_what_only_looked_like_a_stop_string_is_shown(base):
    reading, _ = read(base, "a STO b ST", Marks(stops=("STOP",)))
    assert (reading.text, reading.is_over) == ("a STO b ST", False)


def test_a_stop_string_of_blanks_does_not_end_an_answer_before_it_began(base):
    assert read(base, "\n\nfirst\n\nsecond", Marks(stops=("\n\n",)))[0].text == "first"


def test_a_stop_string_does_not_apply_to_the_reasoning(base):
    assert read(base, "x STOP</think>y", Marks(stops=("STOP",)), effort="medium")[0].text == "y"


def test_a_stop_string_may_cut_through_several_byte_characters(base):
    assert read(base, "日本語", Marks(stops=("本",)))[0].text == "日"


def test_tool_calls_leave_the_text_and_come_in_chat_shape(base):
    reading, pieces = read(base, f"look {CALL}", Marks(tools=True))
    assert reading.text == "look"
    assert reading.calls == [
        {"id": reading.calls[0]["id"], "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    ]
    assert not any("<" in piece for piece in pieces)


def test_two_calls_have_two_ids(base):
    calls = read(base, CALL + CALL, Marks(tools=True))[0].calls
    assert len({call["id"] for call in calls}) == 2


def test_without_parallel_calls_the_first_ends_the_answer(base):
    reading, _ = read(base, f"a {CALL} b {CALL}", Marks(tools=True, parallel=False))
    assert (reading.text, len(reading.calls), reading.is_over) == ("a", 1, True)


def test_without_tools_a_call_is_text(base):
    reading, _ = read(base, CALL)
    assert (reading.text, reading.calls) == (CALL, [])


@pytest.mark.parametrize("broken", ["<tool_call>no json</tool_call>", "<tool_call>[1]</tool_call>", "<tool_call>{"])
def test_a_broken_call_stays_in_the_text(base, broken):
    reading, _ = read(base, f"a {broken} b", Marks(tools=True))
    assert (reading.text, reading.calls) == (f"a {broken} b", [])


def test_a_whole_call_after_a_broken_one_is_found(base):
    reading, _ = read(base, f"<tool_call>x</tool_call>{CALL}", Marks(tools=True))
    assert (reading.text, len(reading.calls)) == ("<tool_call>x</tool_call>", 1)
