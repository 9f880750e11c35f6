"""A run's grader: what cannot be graded the same way twice is written down before it is used."""

from dataclasses import dataclass

from burnish.core.rollout import Grade, Item, Sample, SampleKey
from burnish.grade.build import Grader
from burnish.grade.digest import digest, is_repeatable
from burnish.spec.grader import GraderSpec
from burnish.work.journal import Journal


@dataclass(frozen=True, slots=True)
class Remembered:
    """Asks the journal first: a step that is done again pays no judge twice and gets the same scores."""

    grader: Grader
    spec: GraderSpec
    journal: Journal

    async def __call__(self, key: SampleKey, item: Item, sample: Sample) -> Grade:
        """The grade, from the journal or the grader. One without a score is never kept: it is tried again."""
        if is_repeatable(self.spec):
            return await self.grader(item, sample)
        name = digest(self.spec, sample)
        grade = self.journal.grade(key, name)
        if grade is None:
            grade = await self.grader(item, sample)
            if not grade.failed_us:
                self.journal.record_grade(key, name, grade)
        return grade
