"""`string_check`: two texts are equal, differ, or one contains the other."""

from dataclasses import dataclass
from typing import assert_never

from burnish.core.rollout import Grade
from burnish.core.template import fill
from burnish.grade.door import Case, Title
from burnish.spec.grader import StringCheckSpec


@dataclass(frozen=True, slots=True)
class StringCheck:
    """1 or 0. Texts are compared as they are: nothing is trimmed, and % and _ are no wildcards."""

    spec: StringCheckSpec

    async def grade(self, case: Case, title: Title) -> Grade:
        """1 if the relation holds."""
        return title.grade(float(self._holds(fill(self.spec.input, case.scope), fill(self.spec.reference, case.scope))))

    def _holds(self, text: str, reference: str) -> bool:
        match self.spec.operation:
            case "eq":
                return text == reference
            case "ne":
                return text != reference
            case "like":
                return reference in text
            case "ilike":
                return reference.casefold() in text.casefold()
            case _:
                assert_never(self.spec.operation)
