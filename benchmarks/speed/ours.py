"""Burnish's side: the local trainer, driven step by step."""

import asyncio
import statistics
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from benchmarks.speed.reward import Reward
from benchmarks.speed.work import Work
from burnish.core.rollout import Completion, Grade, Group, Item, Rollout, Sample, SampleKey
from burnish.learn.advantage import credit
from burnish.learn.batch import examples_of
from burnish.policy.load import Base, Dtype
from burnish.policy.roles import Adam, LossStats, PolicyGradient, Request
from burnish.policy.train import LocalTrainer

Parameters = Literal["full", "lora"]
STILL_LR = 1e-6
"""Where nothing is to be learned: the weights stay about what they are."""


@dataclass(frozen=True, slots=True)
class Learning:
    """What is trained, and how."""

    parameters: Parameters = "full"
    lr: float = STILL_LR
    seed: int = 0


@dataclass(frozen=True, slots=True)
class OurStep:
    """What one step took."""

    sampling_s: float
    grading_s: float
    training_s: float
    tokens: int
    """Of all answers."""
    trained: int
    """Of those, with a gradient."""
    logp_gap: float
    """Mean distance of the sampler's log-probs from the trainer's."""
    reward: float

    @property
    def seconds(self) -> float:
        """The whole step."""
        return self.sampling_s + self.grading_s + self.training_s


def load(directory: Path, dtype: Dtype = "auto") -> Base:
    """The base as users get it; the one place that names a dtype."""
    return Base.load(directory, threads=torch.get_num_threads(), dtype=dtype)


def compute_dtype(base: Base) -> torch.dtype:
    """In what its large products are computed."""
    return base.network.dtype


def forbid_stops(base: Base) -> None:
    """Strike the stop tokens from what a free answer may go on with, so that only its length ends it.

    The trainer replays the same constraint. On TRL's side `min_new_tokens` does the same.
    """
    vocabulary = base.vocabulary
    stops = vocabulary.bits(vocabulary.stop_ids)
    vocabulary.answer = vocabulary.answer & ~stops
    vocabulary.opening = vocabulary.opening & ~stops
    vocabulary.reasoning = vocabulary.reasoning & ~stops


class Ours:
    """Takes the steps of a work."""

    def __init__(
        self, base: Base, work: Work, prompts: Sequence[str], reward: Reward, learning: Learning | None = None
    ) -> None:
        self.base = base
        self.learning = learning or Learning()
        if work.lengths != "free":
            forbid_stops(base)
        self.trainer = LocalTrainer(base, parameters=self.learning.parameters, seed=self.learning.seed)
        self._prompts = [self.encoded(text) for text in prompts]
        self._work = work
        self._reward = reward
        self._loop = asyncio.new_event_loop()

    def encoded(self, text: str) -> "array[int]":
        """A prompt's ids, by the call that TRL makes."""
        return array("q", self.base.tokenizer(text)["input_ids"])

    def step(self, number: int, lines: Sequence[int] | None = None) -> OurStep:
        """Sample, grade, learn; the work's prompts in turn, or those named."""
        started = time.perf_counter()
        answers = self.sample(number, lines)
        sampled = time.perf_counter()
        groups = self.grade(answers)
        graded = time.perf_counter()
        loss = self.learn(groups)
        ended = time.perf_counter()
        return OurStep(
            sampling_s=sampled - started,
            grading_s=graded - sampled,
            training_s=ended - graded,
            tokens=sum(len(answer.output_ids) for answer in answers),
            trained=loss.tokens if loss else 0,
            logp_gap=loss.logp_gap_sum / loss.tokens if loss else 0.0,
            reward=statistics.fmean(rollout.reward or 0.0 for group in groups for rollout in group.rollouts),
        )

    def sample(self, number: int, lines: Sequence[int] | None = None) -> list[Completion]:
        """The answers of a step, in the order of their keys."""
        return self.answer(self.requests(number, lines))

    def answer(self, requests: Sequence[Request]) -> list[Completion]:
        """Answers with the present weights, in the order of their keys."""
        return self._loop.run_until_complete(self._sample(requests))

    def requests(self, number: int, lines: Sequence[int] | None = None) -> list[Request]:
        """What is asked in a step."""
        work = self._work
        lengths = work.lengths_at(number) or [work.answer_tokens] * work.rows
        return [
            Request(
                SampleKey("bench", "train", number, line, sample),
                self._prompts[line],
                max_tokens=lengths[place * work.answers + sample],
                reasoning_tokens=work.answer_tokens,
                seed=self.learning.seed,
            )
            for place, line in enumerate(lines or self._lines(number))
            for sample in range(work.answers)
        ]

    def grade(self, answers: Sequence[Completion]) -> list[Group]:
        """The answers with their rewards."""
        by_line: dict[int, list[Rollout]] = {}
        for answer in answers:
            score = self._reward(answer.key.line, answer.output_ids)
            item, grade = Item(answer.key.line, (), (), {}), Grade("reward", "string_check", score)
            rollout = Rollout(answer.key, item, (answer,), Sample("", None), grade, None, score)
            by_line.setdefault(answer.key.line, []).append(rollout)
        return [Group(each[0].item, tuple(each)) for each in by_line.values()]

    def learn(self, groups: Sequence[Group]) -> LossStats | None:
        """One update by the recipe's advantage; None where all groups were without variance."""
        stats = self.accumulate(groups)
        if stats is not None:
            self.update()
        return stats

    def accumulate(self, groups: Sequence[Group]) -> LossStats | None:
        """The training pass without the update."""
        examples = examples_of(credit(groups, reward_range=1.0).credits)
        loss = PolicyGradient(normalizer=float(self._work.rows * self._work.answer_tokens))
        return self._loop.run_until_complete(self.trainer.forward_backward(examples, loss)) if examples else None

    def update(self) -> None:
        """One optimizer step on what was accumulated."""
        self._loop.run_until_complete(self.trainer.optim_step(Adam(self.learning.lr)))

    def _lines(self, number: int) -> list[int]:
        count = self._work.prompts
        return [(number * count + place) % len(self._prompts) for place in range(count)]

    async def _sample(self, requests: Sequence[Request]) -> list[Completion]:
        sampler = await self.trainer.sampler()
        return sorted([answer async for answer in sampler.sample(requests)], key=lambda answer: answer.key)
