"""Whether exported weights earn what the served model earns: the same questions' likeliest answers, graded alike."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from burnish.core.rollout import Completion, Grade, Item, Sample
from burnish.policy.load import Base
from burnish.spec.grader import GraderSpec

Case = tuple[Item, Sample]
Grading = Callable[[GraderSpec, Base, Sequence[Case]], list[Grade]]
"""Grades answers, in order; judges may be asked of the base. Raises `BurnishError` where the grader cannot run."""


class Questions(NamedTuple):
    """What both sides are asked."""

    prompts: "list[array[int]]"
    response_schema: str | None
    items: Sequence[Item] = ()
    """The rows that the prompts are made of; none where the job's file is gone."""
    grader: GraderSpec | None = None
    """The job's; None where it is gone."""


@dataclass(frozen=True, slots=True)
class Rewards:
    """The comparison, over the rows that got a reward on both sides."""

    rows: int
    served: float
    """Mean reward."""
    exported: float
    """Mean reward."""
    largest: float
    """Largest difference on one row."""


def compare_rewards(
    grading: Grading, base: Base, questions: Questions, served: Sequence[Completion], exported: Sequence[Completion]
) -> Rewards | None:
    """None where there is nothing to grade by, or no row got a reward twice: a judge or sandbox failed us."""
    if questions.grader is None or not questions.items:
        return None
    structured = questions.response_schema is not None
    samples = [base.renderer.reply(answer, structured=structured) for answer in (*served, *exported)]
    cases = list(zip((*questions.items, *questions.items), samples, strict=True))
    scores = [grade.score for grade in grading(questions.grader, base, cases)]
    count = len(questions.items)
    pairs = [
        (mine, other)
        for mine, other in zip(scores[:count], scores[count:], strict=True)
        if mine is not None and other is not None
    ]
    if not pairs:
        return None
    return Rewards(
        rows=len(pairs),
        served=sum(mine for mine, _ in pairs) / len(pairs),
        exported=sum(other for _, other in pairs) / len(pairs),
        largest=max(abs(mine - other) for mine, other in pairs),
    )
