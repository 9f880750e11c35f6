"""`score_model`: a judge model's number."""

import math
from dataclasses import dataclass

from burnish.core.rollout import Grade, Json
from burnish.grade.door import Case, Title
from burnish.grade.judge import Judge
from burnish.grade.verdict import Question, graded


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """The judge's `result`, clamped into the range and not rescaled."""

    judge: Judge
    low: float
    high: float

    async def grade(self, case: Case, title: Title) -> Grade:
        """The judge's score."""
        return await graded(self.judge, question(self.low, self.high), case, title)


def question(low: float, high: float) -> Question:
    """Asks for a number in the range."""
    return Question(
        name="score",
        result={"type": "number", "description": f"The score: a number from {low:g} to {high:g}."},
        score=lambda result: _clamped(result, low, high),
        wanted="a number",
    )


def _clamped(result: Json, low: float, high: float) -> float | None:
    if isinstance(result, bool) or not isinstance(result, int | float):
        return None
    try:
        return min(max(float(result), low), high) if math.isfinite(result) else None
    except OverflowError:
        return None
