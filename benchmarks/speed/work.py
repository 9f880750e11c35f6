"""The work of one step: which prompts, how many answers to each, and how long they are.

Lengths of answers are forced alike on both sides ("full": every answer has the most tokens; "ragged": drawn from a
published seed), or left to the model ("free": an answer ends where the model ends it).
"""

import math
import random
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.speed.shapes import STARTER, Shape, word
from burnish.starter.corpus import prompt
from burnish.starter.family import Row
from burnish.starter.splits import Split, rows
from burnish.starter.tasks.secreview import secreview

LENGTH_SEED = 8
"""Of ragged lengths, published with the figures."""
MEAN_TOKENS, LEAST_TOKENS = 40, 10
"""Ragged lengths are geometric with this mean, and cut to at least this and at most the work's most."""
PROMPT_SEED = 1
FIRST_WORD = 300
"""Tokens below are specials and single bytes."""
POOL = 64
"""Different prompts; steps go through them in turn."""
POLICY = 37
"""The hidden policy of security review, the first of docs/results.md."""


@dataclass(frozen=True, slots=True)
class Work:
    """The shape of one step's work."""

    name: str
    prompts: int
    answers: int
    """To each prompt."""
    prompt_tokens: int | None
    """None: security review's own questions, about 55 tokens."""
    answer_tokens: int
    """The most of one answer."""
    lengths: Literal["full", "ragged", "free"]

    @property
    def rows(self) -> int:
        """Answers of a step."""
        return self.prompts * self.answers

    def lengths_at(self, step: int) -> list[int] | None:
        """The forced length of every answer of a step, prompt by prompt; None where the model ends them."""
        match self.lengths:
            case "free":
                return None
            case "full":
                return [self.answer_tokens] * self.rows
            case "ragged":
                draw = random.Random(f"{LENGTH_SEED}:{step}")
                return [_geometric(draw, self.answer_tokens) for _ in range(self.rows)]


SHORT = Work("short", 8, 8, 64, 128, "full")
LONG = Work("long", 8, 8, 512, 64, "full")
RAGGED = Work("ragged", 8, 8, 64, 128, "ragged")
TASK = Work("task", 8, 8, None, 160, "free")
REVIEW = Work("review", 24, 8, None, 160, "free")
"""A batch as a job takes it: a tenth of 240 rows."""
WORKS = {work.name: work for work in (SHORT, LONG, RAGGED, TASK, REVIEW)}


def texts(work: Work, shape: Shape, tokenizer: Any) -> list[str]:
    """The prompts, as text whose tokens are what both sides are given."""
    if work.prompt_tokens is None:
        return [prompt_of(tokenizer, row) for row in questions()]
    if shape.name == STARTER:
        return _conversations(tokenizer, work.prompt_tokens)
    draw = random.Random(PROMPT_SEED)
    ids = [[draw.randrange(FIRST_WORD, shape.vocab) for _ in range(work.prompt_tokens)] for _ in range(POOL)]
    return [" ".join(map(word, each)) for each in ids]


def questions(count: int = POOL, split: Split = "train") -> list[Row]:
    """Rows of security review."""
    return rows(secreview(POLICY), split, count, 0)


def prompt_of(tokenizer: Any, row: Row) -> str:
    """A row as the starter is asked it; the answer begins inside the reasoning."""
    return prompt(tokenizer, row.fields["messages"])


def _conversations(tokenizer: Any, tokens: int) -> list[str]:
    """Questions of security review, one after the other, as many as fit into so many tokens; each begins one later."""
    messages = [dict(row.fields["messages"][-1]) for row in questions(2 * POOL)]
    alone = [_tokens(tokenizer, [message]) for message in messages]
    bare = alone[0] + alone[1] - _tokens(tokenizer, messages[:2])
    costs = [cost - bare for cost in alone]
    found = []
    for first in range(POOL):
        last, left = first, tokens - bare
        while costs[last] <= left:
            left -= costs[last]
            last += 1
        found.append(prompt(tokenizer, messages[first:last]))
    return found


def _tokens(tokenizer: Any, messages: list[dict[str, Any]]) -> int:
    return len(tokenizer(prompt(tokenizer, messages))["input_ids"])


def _geometric(draw: random.Random, most: int) -> int:
    """Inverse of the distribution function, cut."""
    length = 1 + int(math.log(1 - draw.random()) / math.log(1 - 1 / MEAN_TOKENS))
    return min(max(length, LEAST_TOKENS), most)
