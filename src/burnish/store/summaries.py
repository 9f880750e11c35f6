"""What a list of jobs shows of each: its row, how far it is, and a few points of its rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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
_IS_METRICS = sa.and_(
    events.c.data.is_not(None), sa.or_(events.c.type == "metrics", events.c.data["step"].as_integer() == 0)
)
"""A step's events, and the one of the validation pass before the first."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A job, and some of its metrics."""

    job: Job
    points: Sequence[dict[str, Json]]
    """The data of some metrics events, evenly spread, oldest first; the first and the last always among them."""


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
            rows, has_more = pages.fetch(connection, query, jobs.c.number, after=after, limit=limit)
            found = [Summary(job_record(row), _spread(connection, row.id, points)) for row in rows]
        return Page(found, has_more)

    def metrics(self, job_id: str, *, after_event: int = 0, most: int) -> list[tuple[int, dict[str, Json]]]:
        """The number and the data of events with metrics after a number, oldest first.

        Of more than `most` the first, the last, and those with the lowest and highest rewards of runs of neighbours.
        """
        query = (
            sa.select(events.c.number, events.c.data)
            .where(events.c.job_id == job_id, self.is_of_our_job(events.c.job_id))
            .where(_IS_METRICS, events.c.number > after_event)
            .order_by(events.c.number)
        )
        with self.database.read() as connection:
            query = _telling(connection, query, most)
            return [(row.number, row.data) for row in connection.execute(query) if is_metrics(row.data)]


def _spread(connection: sa.Connection, job_id: str, points: int) -> list[dict[str, Json]]:
    """Of a long job only what is shown is read."""
    numbers = list(
        connection.execute(
            sa.select(events.c.number).where(events.c.job_id == job_id, _IS_METRICS).order_by(events.c.number)
        ).scalars()
    )
    if len(numbers) > points:
        last = len(numbers) - 1
        numbers = [numbers[round(place * last / (points - 1))] for place in range(points)]
    query = sa.select(events.c.data).where(events.c.job_id == job_id, events.c.number.in_(numbers))
    return [data for data in connection.execute(query.order_by(events.c.number)).scalars() if is_metrics(data)]


def _telling(connection: sa.Connection, query: sa.Select[Any], most: int) -> sa.Select[Any]:
    """Of many events those whose rewards a curve cannot do without: reading all of a long job's takes seconds."""
    if (connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar() or 0) <= most:
        return query
    rewards = [events.c.data[name].as_float() for name in ("train_mean_reward", "full_valid_mean_reward")]
    rows = connection.execute(query.with_only_columns(events.c.number, *rewards)).all()
    kept = extremes([(number, train or 0.0) for number, train, _ in rows], most // 2)
    kept |= extremes([(number, valid) for number, _, valid in rows if valid is not None], most // 2)
    return query.where(events.c.number.in_(kept))


def extremes(values: Sequence[tuple[int, float]], most: int) -> set[int]:
    """The numbers of the first, the last, and the lowest and highest of runs of neighbours: about `most` in all."""
    if len(values) <= most:
        return {number for number, _ in values}
    runs = max(1, (most - 2) // 2)
    edges = [place * len(values) // runs for place in range(runs + 1)]
    kept = {values[0][0], values[-1][0]}
    for begin, end in pairwise(edges):
        by_value = sorted(values[begin:end], key=lambda each: each[1])
        kept |= {by_value[0][0], by_value[-1][0]}
    return kept
