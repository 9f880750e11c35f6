"""What a step used, and sums of it: time by phase, tokens, judges, python graders."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TypeVar

from burnish.core.rollout import Grade, Group, TokenUsage, total_usage
from burnish.work.clock import Clock

_Sum = TypeVar("_Sum", "Seconds", "Tokens")


@dataclass(frozen=True, slots=True)
class Seconds:
    """The machine's time by phase. No two phases overlap, so that they add up. Clock fields."""

    sampling: float = 0.0
    grading: float = 0.0
    """What training steps waited for grades after their last answer was there."""
    training: float = 0.0
    evaluation: float = 0.0
    """Validation passes, their grading included."""
    repeated: float = 0.0
    """Steps that were done again after they had been written down."""
    other: float = 0.0
    """Loading, snapshots, checkpoints, writing."""

    def __add__(self, other: "Seconds") -> "Seconds":
        return _sum(self, other)

    @property
    def total(self) -> float:
        """All phases."""
        return math.fsum(asdict(self).values())


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of the trained model. Exact."""

    train_prompt: int = 0
    """Of training answers; a prompt counts once for each answer to it."""
    train_sampled: int = 0
    """Of training answers, forced tokens included."""
    valid_prompt: int = 0
    valid_sampled: int = 0
    trained: int = 0
    """Those that carried a gradient."""

    def __add__(self, other: "Tokens") -> "Tokens":
        return _sum(self, other)

    @property
    def sampled(self) -> int:
        """In training and validation."""
        return self.train_sampled + self.valid_sampled


@dataclass(frozen=True, slots=True)
class Usage:
    """All that a step used, or a job."""

    seconds: Seconds = Seconds()
    tokens: Tokens = Tokens()
    judges: Mapping[str, TokenUsage] = field(default_factory=dict)
    """By judge model, named as in the grader. As exact as what the judges say."""
    python_seconds: float = 0.0
    """What the sandboxes of python graders were busy, several at a time or not; a clock field."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.seconds + other.seconds,
            self.tokens + other.tokens,
            total_usage([self.judges, other.judges]),
            self.python_seconds + other.python_seconds,
        )


def used_by(groups: Sequence[Group], validation: Sequence[Group], trained_tokens: int, clock: Clock) -> Usage:
    """What a step used: its training answers, those of its validation pass, its update."""
    spent = clock.seconds
    grades = [*_grades(groups), *_grades(validation)]
    return Usage(
        seconds=Seconds(
            sampling=spent["sampling"] - spent["grading"],
            grading=spent["grading"],
            training=spent["training"],
            evaluation=spent["eval"],
        ),
        tokens=Tokens(
            train_prompt=_prompt(groups),
            train_sampled=_sampled(groups),
            valid_prompt=_prompt(validation),
            valid_sampled=_sampled(validation),
            trained=trained_tokens,
        ),
        judges=total_usage(grade.usage for grade in grades),
        python_seconds=sum(each.sandbox_seconds for grade in grades for each in (grade, *grade.parts.values())),
    )


def _grades(groups: Sequence[Group]) -> list[Grade]:
    return [rollout.grade for group in groups for rollout in group.rollouts if rollout.grade is not None]


def _prompt(groups: Sequence[Group]) -> int:
    return sum(len(turn.prompt_ids) for group in groups for rollout in group.rollouts for turn in rollout.turns)


def _sampled(groups: Sequence[Group]) -> int:
    return sum(len(turn.output_ids) for group in groups for rollout in group.rollouts for turn in rollout.turns)


def _sum(one: _Sum, other: _Sum) -> _Sum:
    return type(one)(*(getattr(one, each.name) + getattr(other, each.name) for each in fields(one)))
