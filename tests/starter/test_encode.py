import dataclasses

from burnish.starter.corpus import Example
from burnish.starter.encode import encode, encoded
from burnish.starter.plan import FIRST
from tests.starter.weights import tokenizer


def test_the_prompt_ends_where_the_completion_begins():
    (one,) = encode(tokenizer(), [Example("x", "<|im_start|>user\n1", "2</think>3<|im_end|>")])
    assert tokenizer().decode(one.ids[: one.n_prompt]) == "<|im_start|>user\n1"
    assert tokenizer().decode(one.ids[one.n_prompt :]) == "2</think>3<|im_end|>"


def test_the_corpus_ends_with_the_example_that_fills_it():
    found = list(encoded(tokenizer(), 0, dataclasses.replace(FIRST, tokens=5000)))
    total = sum(len(one.ids) for one in found)
    assert total - len(found[-1].ids) < 5000 <= total


def test_every_id_is_in_the_vocabulary():
    assert max(max(one.ids) for one in encoded(tokenizer(), 0, dataclasses.replace(FIRST, tokens=5000))) < 2048
