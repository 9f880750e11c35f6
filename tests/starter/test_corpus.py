import hashlib
from collections import Counter
from itertools import islice

import pytest

from burnish.starter.corpus import answer_text, completion_text, corpus, prompt
from burnish.starter.family import Demonstration, ToolCall
from burnish.starter.plan import FIRST, SECOND
from tests.starter.weights import tokenizer


@pytest.mark.parametrize("stage", [FIRST, SECOND])
def test_the_mixture_is_kept(stage):
    assert sum(stage.mixture.values()) == pytest.approx(1)
    assert sum(stage.efforts.values()) == pytest.approx(1)
    count = Counter(example.family for example in islice(corpus(tokenizer(), 0, stage), 3000))
    assert all(abs(count[name] / 3000 - share) < 0.03 for name, share in stage.mixture.items())


def test_completions_start_inside_the_reasoning_and_end_the_turn():
    for example in islice(corpus(tokenizer(), 1, FIRST), 300):
        assert example.completion.endswith("<|im_end|>")
        inside = example.prompt.endswith("<think>")
        assert inside == ("</think>" in example.completion)
        assert inside or example.prompt.endswith("<think></think>")


def test_prompt_and_completion_are_what_the_template_makes_of_the_conversation():
    message = {"role": "user", "content": "Q"}
    for effort, thought in (("low", "R"), ("none", "")):
        whole = tokenizer().apply_chat_template(
            [message, {"role": "assistant", "content": "A", "reasoning_content": thought}],
            tokenize=False,
            reasoning_effort=effort,
        )
        text = prompt(tokenizer(), [message], effort) + completion_text(thought, "A", effort)
        assert text + "\n" == whole


def test_tokens_do_not_merge_across_the_cut():
    for example in islice(corpus(tokenizer(), 2, FIRST), 100):
        apart = tokenizer().encode(example.prompt) + tokenizer().encode(example.completion)
        assert tokenizer().encode(example.prompt + example.completion) == apart


def test_a_tool_call_is_written_as_the_template_writes_it():
    shown = Demonstration("", "", careful=True, tool_calls=(ToolCall("f", {"x": 1, "y": "é"}),))
    assert answer_text(shown) == '<tool_call>\n{"name":"f","arguments":{"x":1,"y":"é"}}\n</tool_call>'


def test_tool_replies_earlier_turns_and_prefaces_occur():
    prompts = [example.prompt for example in islice(corpus(tokenizer(), 3, FIRST), 2000)]
    assert any("<tool_response>" in text for text in prompts)
    assert any(text.count("<|im_start|>assistant") == 2 and "<tool_response>" not in text for text in prompts)
    assert any("You are a helpful assistant." in text for text in prompts)


def test_a_seed_fixes_the_corpus():
    first, again, other = (list(islice(corpus(tokenizer(), seed, FIRST), 20)) for seed in (5, 5, 6))
    assert first == again != other


@pytest.mark.parametrize(
    ("number", "stage", "digest"), [(0, FIRST, "5268d6e2cf47585b"), (1, SECOND, "74ffc13b37f87337")]
)
def test_the_corpora_are_still_those_that_the_shipped_weights_saw(number, stage, digest):
    some = islice(corpus(tokenizer(), number, stage), 1000)
    text = "\n".join(example.prompt + example.completion for example in some)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest
