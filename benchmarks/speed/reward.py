"""Rewards that both sides are given: the same function of the row's number and the answer's ids."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from benchmarks.speed.work import POLICY, Work
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.spec.grader import MultiSpec
from burnish.starter.family import Row
from burnish.starter.sampling import item_of, read
from burnish.starter.tasks.secreview import secreview


class Reward(Protocol):
    """Judges an answer."""

    def __call__(self, line: int, ids: Sequence[int]) -> float:
        """0..1; `line` counts the work's prompts."""
        ...


def trivial(line: int, ids: Sequence[int]) -> float:
    """Anything that varies within every group and costs nothing, so that no group is dropped."""
    return sum((token + line) % 7 for token in ids) / (6 * len(ids))


class SecurityReview:
    """The job's own grader on security review; an answer that is no JSON has 0."""

    def __init__(self, tokenizer: Any, asked: Sequence[Row]) -> None:
        self._tokenizer = tokenizer
        self._family = secreview(POLICY)
        self._items = [item_of(row, line) for line, row in enumerate(asked)]
        self._grade = build(MultiSpec.model_validate(self._family.grader), Tools())
        self._loop = asyncio.new_event_loop()

    def __call__(self, line: int, ids: Sequence[int]) -> float:
        """The score of one answer."""
        _, sample = read(self._tokenizer.decode(ids), self._family, "medium")
        if sample.finish == "length" or sample.json is None:
            return 0.0
        grade = self._loop.run_until_complete(self._grade(self._items[line], sample))
        return grade.score or 0.0


def reward_of(work: Work, tokenizer: Any, asked: Sequence[Row]) -> Reward:
    """The trivial one, or that of the questions where the work asks them."""
    return SecurityReview(tokenizer, asked) if work.prompt_tokens is None else trivial
