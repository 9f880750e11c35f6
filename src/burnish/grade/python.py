"""`python`: the user's own `grade(sample, item)`, in a sandbox."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.core.rollout import Fault, FaultNote, Grade
from burnish.grade.door import Case, Title
from burnish.grade.tools import Sandbox

log = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
"""Before the second attempt; three times as long before the third."""


@dataclass(frozen=True, slots=True)
class Python:
    """The number that `grade` returns, as it is."""

    source: str
    sandbox: Sandbox
    sleep: Callable[[float], Awaitable[None]]

    async def grade(self, case: Case, title: Title) -> Grade:
        """0 with its fault where the source raises, returns no number or takes too long; None where the sandbox fails.

        `sample` has all five of OpenAI's keys: `output_json` is null where the answer has none.
        """
        sample: dict[str, Any] = {"output_json": None, **_object(case.scope["sample"])}
        try:
            outcome = await self._outcome(sample, _object(case.scope["item"]))
        except GraderUnavailable as error:
            return title.grade(None, FaultNote(Fault.PYTHON_SERVER, error.message))
        if outcome.score is not None:
            return title.grade(outcome.score)
        fault = Fault.UNRESPONSIVE if outcome.timed_out else Fault.PYTHON_RUNTIME
        return title.grade(0.0, FaultNote(fault, outcome.error or "There was no score."))

    async def _outcome(self, sample: dict[str, Any], item: dict[str, Any]) -> Outcome:
        for attempt in range(1, ATTEMPTS):
            try:
                return await self.sandbox.grade(self.source, sample, item)
            except GraderUnavailable as error:
                pause_s = FIRST_PAUSE_S * 3 ** (attempt - 1)
                log.warning("sandbox will be tried again", extra={"attempt": attempt, "reason": error.message})
                await self.sleep(pause_s)
        return await self.sandbox.grade(self.source, sample, item)


def _object(value: Any) -> dict[str, Any]:
    return dict(value)
