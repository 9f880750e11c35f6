"""`label_model`: a judge model picks a label."""

from collections.abc import Sequence
from dataclasses import dataclass

from burnish.core.rollout import Grade, Json
from burnish.grade.door import Case, Title
from burnish.grade.judge import Judge
from burnish.grade.verdict import Question, graded


@dataclass(frozen=True, slots=True)
class LabelModel:
    """1 if the judge's `result` is a passing label, 0 if it is another one."""

    judge: Judge
    labels: Sequence[str]
    passing: Sequence[str]

    async def grade(self, case: Case, title: Title) -> Grade:
        """Whether the label passes."""
        return await graded(self.judge, question(self.labels, self.passing), case, title)


def question(labels: Sequence[str], passing: Sequence[str]) -> Question:
    """Asks for one of the labels."""

    def score(result: Json) -> float | None:
        return float(result in passing) if isinstance(result, str) and result in labels else None

    return Question(
        name="label",
        result={"type": "string", "description": "The label that fits best.", "enum": list(dict.fromkeys(labels))},
        score=score,
        wanted="one of the labels",
    )
