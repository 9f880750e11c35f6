"""What a list of evals shows of each: its row, its job's name, its last run, and how all of them went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from burnish.core.evaluation import Eval, EvalRun
from burnish.store import pages
from burnish.store.eval_runs import run_record
from burnish.store.evals import Evals, eval_record
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import eval_runs, evals, jobs

Origin = Literal["request", "job"]
"""Who made an eval."""


@dataclass(frozen=True, slots=True)
class EvalSummary:
    """An eval, and how its runs went."""

    made: Eval
    job_name: str | None
    """The suffix of its job, or its base model; None where it has no job, or the job has gone."""
    runs: int
    last: EvalRun | None
    curve: Sequence[tuple[int, float]]
    """The share of judged items that passed, by a job's step, else by the number of the run; evenly spread, the
    last always among them. Runs of which nothing was judged have no point."""


@dataclass(frozen=True, slots=True)
class EvalSummaries(Scoped):
    """Evals as a list shows them."""

    def page(
        self, *, origin: Origin | None, search: str | None, after: str | None, limit: int, points: int
    ) -> Page[EvalSummary]:
        """Newest first. `search` is part of an id, a name, or the id or suffix of a job, in any case."""
        query = sa.select(evals).where(self.is_ours(evals.c.project))
        if origin is not None:
            query = query.where(evals.c.job_id.is_(None) if origin == "request" else evals.c.job_id.is_not(None))
        if search:
            named = sa.select(jobs.c.id).where(jobs.c.suffix.icontains(search, autoescape=True))
            places = (evals.c.id, evals.c.name, evals.c.job_id)
            found_at = [place.icontains(search, autoescape=True) for place in places]
            query = query.where(sa.or_(*found_at, evals.c.job_id.in_(named)))
        with self.database.read() as connection:
            rows, has_more = pages.fetch(connection, query, evals.c.number, after=after, limit=limit)
            found = [_summary(connection, eval_record(row), points) for row in rows]
        return Page(found, has_more)

    def require(self, eval_id: str, *, points: int) -> EvalSummary:
        """Of one eval. Raises `NotFound`."""
        made = Evals(self.database, self.project).require(eval_id)
        with self.database.read() as connection:
            return _summary(connection, made, points)


def _summary(connection: sa.Connection, made: Eval, points: int) -> EvalSummary:
    of_eval = eval_runs.c.eval_id == made.id
    order = eval_runs.c.number.asc()
    numbers = list(connection.execute(sa.select(eval_runs.c.number).where(of_eval).order_by(order)).scalars())
    last = None
    if numbers:
        last = run_record(connection.execute(sa.select(eval_runs).where(eval_runs.c.number == numbers[-1])).one())
    job_name = None
    if made.job_id is not None:
        name = sa.select(sa.func.coalesce(jobs.c.suffix, jobs.c.model)).where(jobs.c.id == made.job_id)
        job_name = connection.execute(name).scalar()
    return EvalSummary(made, job_name, len(numbers), last, _curve(connection, numbers, points))


def _curve(connection: sa.Connection, numbers: Sequence[int], points: int) -> list[tuple[int, float]]:
    """Of many runs only what is shown is read."""
    ordinals = {number: place for place, number in enumerate(numbers, start=1)}
    if len(numbers) > points:
        end = len(numbers) - 1
        numbers = [numbers[round(place * end / (points - 1))] for place in range(points)]
    columns = (eval_runs.c.number, eval_runs.c.step, eval_runs.c.passed, eval_runs.c.failed)
    query: sa.Select[Any] = sa.select(*columns).where(eval_runs.c.number.in_(numbers)).order_by(eval_runs.c.number)
    return [
        (row.step if row.step is not None else ordinals[row.number], row.passed / (row.passed + row.failed))
        for row in connection.execute(query)
        if row.passed + row.failed
    ]
