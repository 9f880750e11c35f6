"""`multi`: a formula over the scores of other graders."""

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from simpleeval import NameNotDefined

from burnish.core.rollout import Fault, FaultNote, Grade, total_usage
from burnish.grade.door import Case, Door, Title
from burnish.grade.formula import Formula, NoNumber
from burnish.spec.formula import FormulaError


@dataclass(frozen=True, slots=True)
class Multi:
    """Grades by all children at once, then by the formula."""

    children: Mapping[str, Door]
    formula: str
    invalid_grade: float | None

    async def grade(self, case: Case, title: Title) -> Grade:
        """The formula's value; the children's faults stay with them, in `parts`.

        A child that failed of its own counts 0; one that failed us leaves the whole without a score. Where
        `invalid_grade` is given, it is the score as soon as a child or the formula failed.
        """
        async with asyncio.TaskGroup() as tasks:
            running = {key: tasks.create_task(child(case.item, case.sample)) for key, child in self.children.items()}
        parts = {key: task.result() for key, task in running.items()}
        grade = self._combined(parts, title)
        return dataclasses.replace(grade, parts=parts, usage=total_usage(part.usage for part in parts.values()))

    def _combined(self, parts: Mapping[str, Grade], title: Title) -> Grade:
        scores = {key: part.score for key, part in parts.items() if part.score is not None}
        if len(scores) < len(parts):
            return title.grade(None)
        if self.invalid_grade is not None and any(part.faults for part in parts.values()):
            return title.grade(self.invalid_grade)
        try:
            return title.grade(Formula.of(self.formula).value(scores))
        except (FormulaError, NameNotDefined) as error:
            note = FaultNote(Fault.FORMULA_PARSE, str(error))
        except NoNumber as error:
            note = FaultNote(Fault.OTHER, str(error))
        return title.grade(0.0 if self.invalid_grade is None else self.invalid_grade, note)
