"""The journal of final grades: a repeated step reads them, so that no judge is paid twice and no score changes."""

import logging
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.rollout import Fault, FaultNote, Grade, SampleKey, TokenUsage
from burnish.store.database import Database
from burnish.store.tables import grades as table

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """A grade in the journal."""

    grade: Grade
    step: int
    """The step that it was asked for in; every validation pass has the same keys, and may find one of an earlier."""


@dataclass(frozen=True, slots=True)
class Grades:
    """The table of grades, by sample and by the digest of answer and grader."""

    database: Database

    def get(self, key: SampleKey, digest: str) -> Written | None:
        """The grade written for this answer by this grader."""
        with self.database.read() as connection:
            found = connection.execute(sa.select(table.c.grade).where(_is(key, digest))).one_or_none()
        return Written(_grade(found.grade), found.grade.get("step", key.step)) if found is not None else None

    def put(self, key: SampleKey, digest: str, grade: Grade, step: int) -> None:
        """Write a grade down. The first one stays: a second writer of the same sample changes nothing."""
        row = sa.insert(table).values(**asdict(key), digest=digest, grade={**asdict(grade), "step": step})
        try:
            with self.database.write() as connection:
                connection.execute(row)
        except sa.exc.IntegrityError:  # the primary key: it is there already
            log.debug("grade already written", extra={"job": key.job, "step": key.step, "line": key.line})

    def forget(self, job: str) -> None:
        """Remove a job's grades: a job that has ended repeats no step."""
        with self.database.write() as connection:
            connection.execute(sa.delete(table).where(table.c.job == job))


def _is(key: SampleKey, digest: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.digest == digest, *(table.c[name] == value for name, value in asdict(key).items()))


def _grade(data: dict[str, Any]) -> Grade:
    return Grade(
        name=data["name"],
        type=data["type"],
        score=data["score"],
        faults=tuple(FaultNote(Fault(note["fault"]), note["detail"]) for note in data["faults"]),
        parts={name: _grade(part) for name, part in data["parts"].items()},
        usage={name: TokenUsage(**usage) for name, usage in data["usage"].items()},
        model=data["model"],
        seconds=data["seconds"],
        sandbox_seconds=data.get("sandbox_seconds", 0.0),
        notes=tuple(data.get("notes", ())),
        said=data.get("said"),
    )
