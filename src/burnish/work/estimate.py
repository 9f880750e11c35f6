"""What a job will take, told before its first step from the plan and the validation pass before any update."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from burnish.core.rollout import TokenUsage
from burnish.work.pace import Pace
from burnish.work.plan import Plan
from burnish.work.usage import Seconds, Tokens, Usage

TRAINING = 0.8
"""Seconds of training per second of sampling, before any is measured: 30 steps of `burnish demo` on a CPU."""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What the validation pass before any update has shown."""

    usage: Usage
    loading_s: float
    writing_s: float
    """What it took beside the pass itself: a snapshot and a commit, as every step does."""
    hopeless: float
    """The share of training rows that will need a second round."""


def answers(plan: Plan) -> int:
    """Training answers of a job, second rounds left out."""
    return plan.train_rows * plan.n_epochs * plan.group_size


def looks(plan: Plan) -> int:
    """Validation passes of a job, the one before any update included."""
    return 1 + sum(plan.validates_after(step) for step in plan.steps())


def most_tokens(plan: Plan) -> int:
    """The tokens of a job all of whose answers are as long as may be, and all of whose rows need a second round."""
    return (2 * answers(plan) + looks(plan) * plan.valid_rows * plan.eval_samples) * plan.max_tokens


def expected(plan: Plan, look: FirstLook) -> Usage:
    """The whole job's usage, if its answers stay as long, as fast and as hard to grade as those of the first look."""
    first = look.usage
    training = answers(plan) * (1 + look.hopeless) / (plan.valid_rows * plan.eval_samples)
    sampling_s = training * first.seconds.evaluation
    return Usage(
        seconds=Seconds(
            sampling=sampling_s,
            training=TRAINING * sampling_s,
            evaluation=looks(plan) * first.seconds.evaluation,
            other=look.loading_s + (1 + plan.total_steps) * look.writing_s,
        ),
        tokens=Tokens(
            train_prompt=round(training * first.tokens.valid_prompt),
            train_sampled=round(training * first.tokens.valid_sampled),
            valid_prompt=looks(plan) * first.tokens.valid_prompt,
            valid_sampled=looks(plan) * first.tokens.valid_sampled,
        ),
        judges={model: _times(used, training + looks(plan)) for model, used in first.judges.items()},
        python_seconds=(training + looks(plan)) * first.python_seconds,
    )


def first_pace(plan: Plan, look: FirstLook) -> Pace:
    """The pace that the estimate takes for granted."""
    seconds = expected(plan, look).seconds
    return Pace(
        step=(seconds.sampling + seconds.training) / plan.total_steps,
        writing=look.writing_s,
        validation=look.usage.seconds.evaluation + look.writing_s,
    )


def hopeless(plan: Plan, rollouts: Iterable[Mapping[str, Any]]) -> float:
    """The share of rows whose first round will give one low reward alike, judged by the validation answers.

    A row that failed k times alike will fail all of a group of n with the chance that Jeffreys' prior gives: the
    product of (k + 1/2 + i) / (k + 1 + i), i from 0 to n - 1. Other rows are taken to have hope.
    """
    rewards: dict[int, list[float]] = defaultdict(list)
    for rollout in rollouts:
        if rollout["reward"] is not None:
            rewards[rollout["line"]].append(rollout["reward"])
    middle = (plan.reward_min + plan.reward_max) / 2
    low = [len(each) for each in rewards.values() if max(each) - min(each) < 1e-9 and each[0] < middle]
    chances = [prod((k + 0.5 + i) / (k + 1 + i) for i in range(plan.group_size)) for k in low]
    return sum(chances) / max(1, len(rewards))


def _times(used: TokenUsage, factor: float) -> TokenUsage:
    return TokenUsage(
        round(factor * used.prompt_tokens), round(factor * used.completion_tokens), round(factor * used.cached_tokens)
    )
