"""How much better than its peers an answer was: rewards of a batch into advantages.

`leave_one_out`: RLOO's baseline (arXiv:2402.14740).
`grpo`: GRPO's (arXiv:2402.03300), with the deviation over n and 1e-4 added to it.
`credit`: leave-one-out advantages are divided by the batch's deviation of rewards (group mean with batch deviation:
arXiv:2508.08221), but by no less than a tenth of the reward's range: where all groups nearly agree within themselves,
noise is not blown up to full strength. That floor is Ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from burnish.core.rollout import Group

Baseline = Literal["leave_one_out", "grpo"]

EQUAL = 1e-9
"""Rewards closer than this are equal: floating-point dust of a formula is no signal."""
LEAST_SPREAD = 0.1
"""The least divisor, as a share of the reward's range (docs/engine.md, recipe)."""
GRPO_EPSILON = 1e-4


@dataclass(frozen=True, slots=True)
class Credit:
    """A group to learn from."""

    group: Group
    advantages: tuple[float, ...]
    """One for each of `group.counted`, in order."""


@dataclass(frozen=True, slots=True)
class Credits:
    """A batch's groups to learn from, and how many were not."""

    credits: tuple[Credit, ...]
    too_small: int
    """Groups with fewer than two rewards."""
    without_variance: int
    """Groups of two or more whose rewards were all equal."""


def credit(groups: Sequence[Group], *, reward_range: float, baseline: Baseline = "leave_one_out") -> Credits:
    """The advantages of a batch. `reward_range`: the grader's maximum minus its minimum."""
    rewards = [[rollout.reward for rollout in group.counted if rollout.reward is not None] for group in groups]
    big = [index for index, values in enumerate(rewards) if len(values) > 1]
    varied = [index for index in big if max(rewards[index]) - min(rewards[index]) > EQUAL]
    spread = max(_deviation([value for index in big for value in rewards[index]]), LEAST_SPREAD * reward_range)
    credits: list[Credit] = []
    for index in varied:
        match baseline:
            case "leave_one_out":
                advantages = [value / spread for value in leave_one_out(rewards[index])]
            case "grpo":
                advantages = grpo(rewards[index])
            case _:
                assert_never(baseline)
        credits.append(Credit(groups[index], tuple(advantages)))
    return Credits(tuple(credits), len(groups) - len(big), len(big) - len(varied))


def leave_one_out(rewards: Sequence[float]) -> list[float]:
    """Each reward minus the mean of the others; at least two of them."""
    total = math.fsum(rewards)
    return [reward - (total - reward) / (len(rewards) - 1) for reward in rewards]


def grpo(rewards: Sequence[float]) -> list[float]:
    """Each reward's distance from the mean in standard deviations; at least two of them."""
    mean = math.fsum(rewards) / len(rewards)
    deviation = _deviation(rewards)
    return [(reward - mean) / (deviation + GRPO_EPSILON) for reward in rewards]


def _deviation(values: Sequence[float]) -> float:
    """Standard deviation over n; 0 of nothing."""
    if not values:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
