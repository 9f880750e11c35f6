import pytest

from burnish.core.evaluation import ModelUse
from burnish.core.rollout import TokenUsage
from burnish.evals.answer import failed, given, sampled
from burnish.spec.chat import ChatRequest
from tests.fakes import answer

REQUEST = ChatRequest.model_validate(
    {
        "model": "tiny",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "4?"}]}],
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "max_completion_tokens": 5,
    }
)
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}


@pytest.mark.parametrize(
    "sample",
    [
        {"output_text": "four"},
        {"output": [{"role": "assistant", "content": "no"}, {"role": "assistant", "content": "four"}]},
        {"output": [{"role": "assistant", "content": [{"type": "output_text", "text": "fo"}, {"text": "ur"}]}]},
        {"choices": [{"message": {"role": "assistant", "content": "four"}}]},
    ],
)
def test_a_given_answer_is_read_in_all_of_openais_shapes(sample: dict[str, object]):
    found = given(sample)
    assert found.sample.text == "four"
    assert found.shown["output"] == [{"role": "assistant", "content": "four"}]
    assert found.use == ModelUse()


@pytest.mark.parametrize("sample", [None, {}, {"output": []}, {"output": "four"}, {"choices": [4]}])
def test_what_holds_no_answer_is_an_empty_one(sample: dict[str, object] | None):
    assert given(sample).sample.text == ""


def test_calls_and_json_of_a_given_answer_are_graders_to_see():
    found = given({"output_text": "", "output_tools": [CALL], "output_json": {"a": 1}})
    assert (found.sample.tool_calls, found.sample.json) == ((CALL,), {"a": 1})
    assert found.shown["output"][0]["tool_calls"] == [CALL]
    assert given({"output_text": '{"a": 2}'}).sample.json == {"a": 2}


def test_what_a_stored_item_knew_is_kept():
    sample = {"output_text": "x", "reasoning": "hm", "advantage": 0.5, "model": "tiny", "usage": {"total_tokens": 3}}
    shown = given(sample).shown
    assert (shown["reasoning"], shown["advantage"], shown["model"]) == ("hm", 0.5, "tiny")
    assert shown["usage"] == {"total_tokens": 3}


def test_a_sampled_answer_says_how_it_was_asked_and_what_it_took():
    found = sampled(REQUEST, answer("four", finish="length"), 1.5)
    assert (found.sample.text, found.sample.finish) == ("four", "length")
    assert found.use == ModelUse(1, TokenUsage(100, 20, 60))
    shown = found.shown
    assert shown["input"] == [{"role": "user", "content": "4?"}]
    assert shown["usage"] == {"total_tokens": 120, "completion_tokens": 20, "prompt_tokens": 100, "cached_tokens": 60}
    assert [shown[key] for key in ("temperature", "top_p", "seed", "max_completion_tokens")] == [0.5, 0.9, 7, 5]
    assert (shown["model"], shown["finish_reason"], shown["seconds"], shown["error"]) == ("tiny", "length", 1.5, None)


def test_a_question_without_an_answer_shows_its_error():
    shown = failed(REQUEST, "tiny", "model_unavailable", "down")
    assert shown["error"] == {"code": "model_unavailable", "message": "down"}
    assert (shown["output"], shown["input"][0]["content"], shown["usage"]) == ([], "4?", None)
    assert failed(None, "tiny", "x", "y")["input"] == []
