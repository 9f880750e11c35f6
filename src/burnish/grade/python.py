"""`python`: the user's own `grade(sample, item)`, in a sandbox."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.core.rollout import Fault, FaultNote, Grade
from burnish.grade.door import Case, Title
from burnish.grade.persist import Sleep, persist
from burnish.grade.tools import Sandbox

PAUSES_S = (0.5, 1.5)
"""Before the second attempt and the third."""


@dataclass(frozen=True, slots=True)
class Python:
    """The number that `grade` returns, as it is."""

    source: str
    sandbox: Sandbox
    sleep: Sleep

    async def grade(self, case: Case, title: Title) -> Grade:
        """0 with its fault where the source raises, returns no number or takes too long; None where the sandbox fails.

        `sample` has all five of OpenAI's keys: `output_json` is null where the answer has none.
        """
        sample: dict[str, Any] = {"output_json": None, **case.scope["sample"]}
        item = dict(case.scope["item"])
        try:
            outcome = await persist(
                lambda: self.sandbox.grade(self.source, sample, item), PAUSES_S, self.sleep, {"grader": title.name}
            )
        except GraderUnavailable as error:
            return title.grade(None, FaultNote(Fault.PYTHON_SERVER, error.message))
        return dataclasses.replace(_grade(outcome, title), sandbox_seconds=outcome.seconds)


def _grade(outcome: Outcome, title: Title) -> Grade:
    if outcome.score is not None:
        return title.grade(outcome.score)
    fault = Fault.UNRESPONSIVE if outcome.timed_out else Fault.PYTHON_RUNTIME
    return title.grade(0.0, FaultNote(fault, outcome.error or "There was no score."))
