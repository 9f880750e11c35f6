import dataclasses
import json
from array import array

import pytest
from transformers import AutoTokenizer

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Completion, Sample
from burnish.policy.render import Renderer
from tests.policy.asking import key

ASK = [{"role": "user", "content": "Is it?"}]


def _text(base, messages, tools=(), effort="medium"):
    return base.tokenizer.decode(base.renderer.prompt(messages, tools, effort))


def _completion(base, text, reasoning="", finish="stop"):
    thought = base.tokenizer.encode(reasoning)
    ids = array("q", thought + base.tokenizer.encode(text))
    floats, flags = array("d", [0.0] * len(ids)), array("b", [0] * len(ids))
    return Completion(
        key(), array("q", [1]), ids, floats, flags, floats, None, 1.0, 0, reasoning_tokens=len(thought), finish=finish
    )


def test_a_conversation_becomes_the_templates_text(base):
    assert _text(base, ASK) == (
        "<|im_start|>system\nReasoning: medium<|im_end|>\n<|im_start|>user\nIs it?<|im_end|>\n"
        "<|im_start|>assistant\n<think>"
    )


def test_efforts_are_named_to_the_template(base):
    assert "Reasoning: high" in _text(base, ASK, effort="high")
    assert "Reasoning: medium" in _text(base, ASK, effort="default")
    assert "Reasoning: medium" in _text(base, ASK, effort=None)
    assert _text(base, ASK, effort="none").endswith("<think></think>")
    with pytest.raises(InvalidRequest, match="huge"):
        _text(base, ASK, effort="huge")


def test_parts_of_text_are_joined_and_images_refused(base):
    parts = [{"type": "text", "text": "Is "}, {"type": "text", "text": "it?"}]
    assert _text(base, [{"role": "user", "content": parts}]) == _text(base, ASK)
    image = [{"type": "image_url", "image_url": {"url": "data:,"}}]
    with pytest.raises(InvalidRequest, match="image_url") as caught:
        _text(base, [*ASK, {"role": "user", "content": image}])
    assert caught.value.param == "messages.1.content.0"


def test_tools_and_their_calls_are_shown_to_the_model(base):
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"id": 3}'}}
    messages = [
        *ASK,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "three"},
    ]
    text = _text(base, messages, [tool])
    assert json.dumps(tool) in text
    assert '<tool_call>{"name": "look_up", "arguments": {"id": 3}}</tool_call>' in text


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}", "[developer]be kind[user]Is it?"),
        (
            "{% for m in messages %}{% if m.role in ('system', 'user') %}[{{ m.role }}]{{ m.content }}{% endif %}"
            "{% endfor %}",
            "[system]be kind[user]Is it?",
        ),
        (
            "{% for m in messages %}{% if m.role != 'user' %}{{ raise_exception('no') }}{% endif %}"
            "[{{ m.role }}]{{ m.content }}{% endfor %}",
            "[user]be kind\n\nIs it?",
        ),
    ],
)
def test_instructions_find_a_role_that_the_template_has(directories, template, expected):
    tokenizer = AutoTokenizer.from_pretrained(directories["qwen3"])
    tokenizer.chat_template = template
    renderer = Renderer(tokenizer, None, 512)  # the vocabulary has no part in prompts
    ids = renderer.prompt([{"role": "developer", "content": "be kind"}, *ASK], [], "medium")
    assert tokenizer.decode(ids) == expected


def test_budgets_are_shares_of_the_context(base):
    budgets = {
        effort: base.renderer.reasoning_budget(effort) for effort in ("none", "minimal", "low", "medium", "high")
    }
    assert budgets == {"none": 0, "minimal": 8, "low": 32, "medium": 128, "high": 256}
    assert base.renderer.reasoning_budget("default") == 128
    assert Renderer(base.tokenizer, base.vocabulary, 10**6).reasoning_budget("medium") == 4096
    brief = Renderer(base.tokenizer, base.vocabulary, 512, most_reasoning=100)
    assert [brief.reasoning_budget(effort) for effort in ("low", "high")] == [32, 100]


def test_an_answer_is_split_from_its_reasoning(base):
    reply = base.renderer.reply(_completion(base, "\n\nyes<|im_end|>", "hm, well</think>"))
    assert reply == Sample(text="yes", json=None, reasoning="hm, well", finish="stop")


def test_an_answer_that_never_left_its_reasoning_is_empty(base):
    reply = base.renderer.reply(_completion(base, "", "hm, well", finish="length"))
    assert (reply.text, reply.reasoning, reply.finish) == ("", "hm, well", "length")


def test_json_is_parsed_where_it_is_owed(base):
    completion = _completion(base, '{"a":1}<|im_end|>')
    assert base.renderer.reply(completion, structured=True).json == {"a": 1}
    assert base.renderer.reply(completion).json is None
    assert base.renderer.reply(_completion(base, '{"a":'), structured=True).json is None


def test_tool_calls_are_taken_out_of_the_text(base):
    text = 'Let me see. <tool_call>{"name": "look_up", "arguments": {"id": 3}}</tool_call><|im_end|>'
    reply = base.renderer.reply(_completion(base, text))
    assert reply.text == "Let me see."
    (call,) = reply.tool_calls
    assert call["type"] == "function"
    assert call["function"] == {"name": "look_up", "arguments": '{"id": 3}'}
    assert call["id"].startswith("call_")
    again = base.renderer.reply(dataclasses.replace(_completion(base, text), key=key(sample=1)))
    assert again.tool_calls[0]["id"] != call["id"]


def test_a_broken_tool_call_stays_text(base):
    text = '<tool_call>{"name": look_up}</tool_call>'
    reply = base.renderer.reply(_completion(base, text))
    assert (reply.text, reply.tool_calls) == (text, ())
