"""What a list of jobs shows of each: its row, how far it is, and a few points of its rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.job import JobStatus
from burnish.core.points import is_metrics
from burnish.core.records import Job
from burnish.store import pages
from burnish.store.job_rows import job_record
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import events, jobs

Json = Any


@dataclass(frozen=True, slots=True)
class Summary:
    """A job, and some of its metrics."""

    job: Job
    points: Sequence[dict[str, Json]]
    """The data of some metrics events, evenly spread, oldest first; the last always among them."""


@dataclass(frozen=True, slots=True)
class Summaries(Scoped):
    """Jobs as a list shows them, and the metrics of one."""

    def page(
        self,
        *,
        status: JobStatus | None,
        search: str | None,
        after: str | None,
        limit: int,
        points: int,
    ) -> Page[Summary]:
        """Newest first. `search` is part of an id, a suffix, a base's or a tuned model's name, in any case."""
        query = sa.select(jobs).where(self.is_ours(jobs.c.project))
        if status is not None:
            query = query.where(jobs.c.status == status.value)
        if search:
            places = (jobs.c.id, jobs.c.suffix, jobs.c.model, jobs.c.fine_tuned_model)
            query = query.where(sa.or_(*(place.icontains(search, autoescape=True) for place in places)))
        with self.database.read() as connection:
            rows, has_more = pages.fetch(
                connection, query, jobs.c.number, after=after, id_column=jobs.c.id, limit=limit
            )
            found = [Summary(job_record(row), _spread(connection, row.id, points)) for row in rows]
        return Page(found, has_more)

    def metrics(self, job_id: str, *, after_event: int = 0) -> list[tuple[int, dict[str, Json]]]:
        """The number and the data of each event with metrics after a number, oldest first."""
        query = (
            sa.select(events.c.number, events.c.data)
            .where(events.c.job_id == job_id, self.is_of_our_job(events.c.job_id))
            .where(events.c.data.is_not(None), events.c.number > after_event)
            .order_by(events.c.number)
        )
        with self.database.read() as connection:
            return [(row.number, row.data) for row in connection.execute(query) if is_metrics(row.data)]


def _spread(connection: sa.Connection, job_id: str, points: int) -> list[dict[str, Json]]:
    """Of a long job only what is shown is read."""
    of_job = (events.c.job_id == job_id, events.c.data.is_not(None))
    numbers = list(connection.execute(sa.select(events.c.number).where(*of_job).order_by(events.c.number)).scalars())
    if len(numbers) > points:
        last = len(numbers) - 1
        numbers = [numbers[round(place * last / (points - 1))] for place in range(points)]
    last_step = sa.select(sa.func.max(events.c.number)).where(*of_job, events.c.type == "metrics").scalar_subquery()
    wanted = sa.or_(events.c.number.in_(numbers), events.c.number == last_step)  # the ledger's events come after it
    query = sa.select(events.c.data).where(events.c.job_id == job_id, wanted)
    return [data for data in connection.execute(query.order_by(events.c.number)).scalars() if is_metrics(data)]
