"""Runs of evals: the rows that users see, and the queue that evaluators claim from under a lease.

As with jobs, a claim raises the run's `attempt`, and every later write names it: those of an evaluator that is back
from the dead are refused with `LeaseLost`, and so are those that come after a user has canceled the run.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest, LeaseLost, NotFound
from burnish.core.evaluation import Count, EvalRun, ModelUse, Outcome, RunStatus, Tally
from burnish.core.records import JobError
from burnish.core.rollout import TokenUsage
from burnish.store import pages
from burnish.store.eval_items import insert_items
from burnish.store.files import require_file
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import eval_runs as table
from burnish.store.tables import evals
from burnish.store.uses import RUN_UNFINISHED

Json = Any


@dataclass(frozen=True, slots=True)
class EvalRuns(Scoped):
    """The table of runs. The queue is the evaluators' business, and not parted by projects."""

    def insert(self, run: EvalRun, *, param: str | None = None) -> None:
        """Add one. Raises `NotFound` where its eval has gone, `InvalidRequest` where its file has."""
        with self.database.write() as connection:
            owner = sa.select(evals.c.project).where(evals.c.id == run.eval_id, self.is_ours(evals.c.project))
            project = connection.execute(owner.with_for_update()).scalar()
            if project is None:
                raise NotFound(f"Eval with id '{run.eval_id}' not found.", param="eval_id", code="eval_not_found")
            if run.file_id is not None:
                require_file(connection, run.file_id, project, param or "data_source.source.id")
            insert_run(connection, run)

    def require(self, run_id: str, eval_id: str | None = None) -> EvalRun:
        """The run with this id, of this eval where one is named. Raises `NotFound`."""
        with self.database.read() as connection:
            return self._one(connection, run_id, eval_id)

    def page(
        self,
        eval_id: str,
        *,
        after: str | None = None,
        limit: int = 20,
        descending: bool = False,
        status: RunStatus | None = None,
    ) -> Page[EvalRun]:
        """The runs of an eval, oldest first unless asked otherwise."""
        query = self._ours().where(table.c.eval_id == eval_id)
        if status is not None:
            query = query.where(table.c.status == status.value)
        return pages.read(
            self.database, query, table.c.number, run_record, after=after, limit=limit, descending=descending
        )

    def cancel(self, eval_id: str, run_id: str, *, now: float) -> EvalRun:
        """End a run that has not ended; the items that are done stay. Raises `InvalidRequest` and `NotFound`."""
        with self.database.write() as connection:
            run = self._one(connection, run_id, eval_id)
            if run.status.is_final:
                raise InvalidRequest(
                    f"Eval run '{run_id}' is {run.status.value} and cannot be canceled.",
                    param="run_id",
                    code="invalid_status",
                )
            _end(connection, run_id, RunStatus.CANCELED, None, now)
            return self._one(connection, run_id, eval_id)

    def delete(self, eval_id: str, run_id: str) -> None:
        """Forget it and its items. Raises `NotFound`."""
        with self.database.write() as connection:
            self._one(connection, run_id, eval_id)
            connection.execute(sa.delete(table).where(table.c.id == run_id))

    def claim(self, lease_s: float, now: float) -> EvalRun | None:
        """Take the oldest run that has not ended and that nobody holds; None if there is none."""
        is_free = sa.or_(table.c.lease.is_(None), table.c.lease < now, table.c.lease > now + 2 * lease_s)
        free = sa.select(table.c.number).where(RUN_UNFINISHED, is_free).order_by(table.c.number).limit(1)
        with self.database.read() as connection:
            if connection.execute(free).first() is None:
                return None
        claim = (
            sa.update(table)
            .where(table.c.number == free.with_for_update(skip_locked=True).scalar_subquery())
            .values(
                status=RunStatus.IN_PROGRESS.value,
                started_at=sa.func.coalesce(table.c.started_at, int(now)),
                lease=now + lease_s,
                attempt=table.c.attempt + 1,
            )
            .returning(*table.c)
        )
        with self.database.write() as connection:
            row = connection.execute(claim).one_or_none()
        return run_record(row) if row is not None else None

    def heartbeat(self, run_id: str, attempt: int, lease_s: float, now: float) -> bool:
        """Renew a lease. False: the run is no longer this attempt's, or has ended."""
        with self.database.write() as connection:
            renewed = connection.execute(sa.update(table).where(_is_held(run_id, attempt)).values(lease=now + lease_s))
            return renewed.rowcount == 1

    def release(self, run_id: str, attempt: int) -> None:
        """Give a run back that goes on with another claim."""
        with self.database.write() as connection:
            connection.execute(sa.update(table).where(_is_held(run_id, attempt)).values(lease=None))

    def expect(self, run_id: str, attempt: int, total: int) -> None:
        """Write down how many items there will be. Raises `LeaseLost`."""
        with self.database.write() as connection:
            self._held(connection, run_id, attempt)
            connection.execute(sa.update(table).where(table.c.id == run_id).values(total=total))

    def add(self, run_id: str, attempt: int, outcome: Outcome) -> None:
        """Write items down, with what they add to the run, in one transaction. Raises `LeaseLost`."""
        with self.database.write() as connection:
            run = self._held(connection, run_id, attempt)
            insert_items(connection, outcome.items)
            connection.execute(sa.update(table).where(table.c.id == run_id).values(**_sums(run, outcome)))

    def finish(
        self, run_id: str, attempt: int, status: RunStatus, *, now: float, error: JobError | None = None
    ) -> None:
        """End a run. Raises `LeaseLost`."""
        with self.database.write() as connection:
            self._held(connection, run_id, attempt)
            _end(connection, run_id, status, error, now)

    def _ours(self) -> sa.Select[Any]:
        ours = sa.select(evals.c.id).where(self.is_ours(evals.c.project))
        return sa.select(table).where(sa.true() if self.project is None else table.c.eval_id.in_(ours))

    def _one(self, connection: sa.Connection, run_id: str, eval_id: str | None) -> EvalRun:
        query = self._ours().where(table.c.id == run_id)
        if eval_id is not None:
            query = query.where(table.c.eval_id == eval_id)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"Eval run with id '{run_id}' not found.", param="run_id", code="eval_run_not_found")
        return run_record(row)

    def _held(self, connection: sa.Connection, run_id: str, attempt: int) -> EvalRun:
        row = connection.execute(sa.select(table).where(_is_held(run_id, attempt)).with_for_update()).one_or_none()
        if row is None:
            raise LeaseLost(f"Eval run '{run_id}' is not attempt {attempt}'s, or has ended.")
        return run_record(row)


def insert_run(connection: sa.Connection, run: EvalRun) -> None:
    """Add a run within a transaction."""
    connection.execute(
        sa.insert(table).values(
            id=run.id,
            eval_id=run.eval_id,
            created_at=run.created_at,
            name=run.name,
            status=run.status.value,
            model=run.model,
            data_source=dict(run.data_source),
            metadata=run.metadata,
            **asdict(run.tally),
            criteria={key: asdict(count) for key, count in run.criteria.items()},
            usage={key: asdict(use) for key, use in run.usage.items()},
            error=asdict(run.error) if run.error is not None else None,
            file_id=run.file_id,
            step=run.step,
            attempt=run.attempt,
            started_at=run.started_at,
            finished_at=run.finished_at,
            lease=None,
        )
    )


def insert_run_of_job(connection: sa.Connection, run: EvalRun) -> None:
    """Add a run of a job's eval within a transaction, once, and unless the user has deleted the eval."""
    if connection.execute(sa.select(evals.c.id).where(evals.c.id == run.eval_id)).first() is None:
        return
    if connection.execute(sa.select(table.c.id).where(table.c.id == run.id)).first() is None:
        insert_run(connection, run)


def _is_held(run_id: str, attempt: int) -> sa.ColumnElement[bool]:
    is_under_way = table.c.status == RunStatus.IN_PROGRESS.value
    return sa.and_(table.c.id == run_id, table.c.attempt == attempt, is_under_way)


def _end(connection: sa.Connection, run_id: str, status: RunStatus, error: JobError | None, now: float) -> None:
    values = {"status": status.value, "finished_at": int(now), "lease": None}
    connection.execute(
        sa.update(table)
        .where(table.c.id == run_id)
        .values(**values, error=asdict(error) if error is not None else None)
    )


def _sums(run: EvalRun, outcome: Outcome) -> dict[str, Json]:
    """The columns that some more items change."""
    statuses = [item.status for item in outcome.items]
    criteria = {key: asdict(count) for key, count in run.criteria.items()}
    for result in (result for item in outcome.items for result in item.results):
        count = criteria.setdefault(result["name"], asdict(Count()))
        count["passed" if result["passed"] else "failed"] += 1
    usage = dict(run.usage)
    for model, use in outcome.usage.items():
        usage[model] = usage.get(model, ModelUse()) + use
    return {
        "passed": run.tally.passed + statuses.count("pass"),
        "failed": run.tally.failed + statuses.count("fail"),
        "errored": run.tally.errored + statuses.count("error"),
        "criteria": criteria,
        "usage": {model: asdict(use) for model, use in usage.items()},
    }


def run_record(row: sa.Row[Any]) -> EvalRun:
    """The run of a row of `eval_runs`."""
    columns = row._mapping
    return EvalRun(
        id=row.id,
        eval_id=row.eval_id,
        created_at=row.created_at,
        name=row.name,
        status=RunStatus(row.status),
        model=row.model,
        data_source=row.data_source,
        metadata=columns["metadata"],
        tally=Tally(total=row.total, passed=row.passed, failed=row.failed, errored=row.errored),
        criteria={key: Count(**count) for key, count in row.criteria.items()},
        usage={model: _use(use) for model, use in row.usage.items()},
        error=JobError(**row.error) if row.error is not None else None,
        file_id=row.file_id,
        step=row.step,
        attempt=row.attempt,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _use(stored: Mapping[str, Json]) -> ModelUse:
    return ModelUse(stored["invocations"], TokenUsage(**stored["tokens"]))
