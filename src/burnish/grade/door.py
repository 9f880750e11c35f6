"""The grader's door: whatever happens inside a grader leaves it as a Grade."""

import dataclasses
import logging
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol

from burnish.core.rollout import Fault, FaultNote, Grade, Item, Json, Sample
from burnish.core.template import UnknownVariable
from burnish.grade.scope import note_of, scope_of
from burnish.grade.tools import Asking

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Title:
    """How a grader signs its grades."""

    name: str
    type: str

    def grade(self, score: float | None, *faults: FaultNote) -> Grade:
        """A signed grade."""
        return Grade(self.name, self.type, score, faults)


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to grade."""

    item: Item
    sample: Sample
    scope: Mapping[str, Json]
    """What templates see of both."""


class Kind(Protocol):
    """The inside of a grader. May raise: the door turns it into a fault."""

    async def grade(self, case: Case, title: Title) -> Grade:
        """The grade, signed with the title."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """A grader that never raises, around one that may.

    An unknown variable and any exception score 0 with their fault; cancellation passes through.
    """

    title: Title
    inside: Kind
    asking: Asking | None = None
    """Who wants to know that an answer waits here."""

    async def __call__(self, item: Item, sample: Sample) -> Grade:
        """The grade, with the time it took."""
        started = time.perf_counter()
        with self.asking(self.title.name) if self.asking is not None else nullcontext():
            grade = await self._grade(item, sample)
        return dataclasses.replace(grade, seconds=time.perf_counter() - started)

    async def _grade(self, item: Item, sample: Sample) -> Grade:
        try:
            return await self.inside.grade(Case(item, sample, scope_of(item, sample)), self.title)
        except UnknownVariable as error:
            return self.title.grade(0.0, note_of(error, sample))
        except Exception as error:
            log.exception("grader raised", extra={"grader": self.title.name, "line": item.line})
            return self.title.grade(0.0, FaultNote(Fault.OTHER, f"{type(error).__name__}: {error}"))
