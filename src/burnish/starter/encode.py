"""The corpus as ids."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from burnish.starter.corpus import Example, corpus
from burnish.starter.plan import Stage

_SHARD = 1000
"""Examples that are encoded together."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as ids."""

    ids: "array[int]"
    """Unsigned, 16 bits each."""
    n_prompt: int


def encoded(tokenizer: Any, seed: int, stage: Stage) -> Iterator[Encoded]:
    """A stage's corpus: as many examples as are its tokens."""
    source, total = corpus(tokenizer, seed, stage), 0
    while True:
        for one in encode(tokenizer, list(islice(source, _SHARD))):
            yield one
            total += len(one.ids)
            if total >= stage.tokens:
                return


def encode(tokenizer: Any, examples: list[Example]) -> list[Encoded]:
    """Prompt and completion apart, so that no token lies across the cut."""
    prompts = tokenizer([one.prompt for one in examples])["input_ids"]
    completions = tokenizer([one.completion for one in examples])["input_ids"]
    pairs = zip(prompts, completions, strict=True)
    return [Encoded(array("H", prompt + completion), len(prompt)) for prompt, completion in pairs]
