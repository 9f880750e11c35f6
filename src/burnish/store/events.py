"""A job's events, numbered from 1 in the order they were written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.errors import NotFound
from burnish.core.ids import new_id
from burnish.core.records import Event, NewEvent
from burnish.store import pages
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import events as table
from burnish.store.tables import jobs


@dataclass(frozen=True, slots=True)
class Events(Scoped):
    """The table of events."""

    def append(self, job_id: str, events: Sequence[NewEvent], *, now: float) -> None:
        """Write events whoever holds the job. Raises `NotFound`; a run writes through `Jobs.say` instead."""
        with self.database.write() as connection:
            append_events(connection, job_id, events, now=now)

    def page(self, job_id: str, *, after: str | None = None, limit: int = 20) -> Page[Event]:
        """Newest first."""
        query = self._of(job_id)
        return pages.read(self.database, query, table.c.number, _record, after=after, limit=limit)

    def all(self, job_id: str) -> list[Event]:
        """Every event of a job, oldest first."""
        query = self._of(job_id).order_by(table.c.number)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def since(self, job_id: str, number: int) -> list[Event]:
        """A job's events with a higher number, oldest first."""
        query = self._of(job_id).where(table.c.number > number).order_by(table.c.number)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def _of(self, job_id: str) -> sa.Select[Any]:
        return sa.select(table).where(table.c.job_id == job_id, self.is_of_our_job(table.c.job_id))


def job_not_found(job_id: str) -> NotFound:
    """OpenAI's error for an unknown job."""
    return NotFound(f"Could not find fine tune: {job_id}", param="fine_tune_id", code="fine_tune_not_found")


def append_events(connection: sa.Connection, job_id: str, events: Sequence[NewEvent], *, now: float) -> None:
    """Number events and write them within a transaction. The job's counter locks the job's row."""
    if not events:
        return
    counted = (
        sa.update(jobs).where(jobs.c.id == job_id).values(events=jobs.c.events + len(events)).returning(jobs.c.events)
    )
    last = connection.execute(counted).scalar()
    if last is None:
        raise job_not_found(job_id)
    first = last - len(events) + 1
    connection.execute(
        sa.insert(table),
        [
            {
                "id": new_id("ftevent-"),
                "job_id": job_id,
                "number": first + place,
                "created_at": int(now),
                "level": event.level,
                "message": event.message,
                "type": event.type,
                "data": _data(event),
            }
            for place, event in enumerate(events)
        ],
    )


def insert_events(connection: sa.Connection, job_id: str, events: Sequence[Event]) -> None:
    """Add the events of a job that has none, as they are, within a transaction."""
    if events:
        connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(events=len(events)))
        connection.execute(sa.insert(table), [{**asdict(event), "data": _data(event)} for event in events])


def _data(event: Event | NewEvent) -> dict[str, Any] | None:
    return dict(event.data) if event.data is not None else None


def _record(row: sa.Row[Any]) -> Event:
    return Event(
        id=row.id,
        job_id=row.job_id,
        number=row.number,
        created_at=row.created_at,
        level=row.level,
        message=row.message,
        type=row.type,
        data=row.data,
    )
