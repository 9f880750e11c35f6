"""Fine-tuning jobs: the rows that users see, and the queue that workers claim from under a lease.

A claim raises the job's `attempt`. Every later write of a run names that number and is refused with `LeaseLost` once
another claim has raised it or the job has ended, so that a worker back from the dead writes nothing. The door writes
without a number.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest, LeaseLost
from burnish.core.evaluation import Eval
from burnish.core.following import FollowerKind
from burnish.core.job import JobStatus, check_move
from burnish.core.records import Desired, Job, NewEvent
from burnish.store import pages
from burnish.store.evals import insert_eval
from burnish.store.events import append_events, job_not_found
from burnish.store.files import require_file
from burnish.store.followers import insert_followers
from burnish.store.job_rows import JobFields, field_values, job_record, job_values
from burnish.store.leaving import Leaving, leave
from burnish.store.outbox import OF_JOBS, insert_webhook_event
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import job_metadata, job_steps
from burnish.store.tables import jobs as table

HELD = frozenset({JobStatus.VALIDATING_FILES, JobStatus.RUNNING, JobStatus.PAUSING})
"""The states in which a worker holds a job; a move to any other gives the lease back."""


@dataclass(frozen=True, slots=True)
class Jobs(Scoped):
    """The table of jobs. The queue and the steps are the workers' business, and not parted by projects."""

    def insert(
        self,
        job: Job,
        event: NewEvent,
        *,
        requiring: Mapping[str, str] | None = None,
        followers: Collection[FollowerKind] = (),
        evals: Sequence[Eval] = (),
    ) -> None:
        """Write a job, its first event, its followers and its evals in one transaction.

        `requiring` are the files that must still be there then, by the request's field that names each. Raises
        `InvalidRequest` for one that is not.
        """
        with self.database.write() as connection:
            for param, file_id in (requiring or {}).items():
                require_file(connection, file_id, job.project, param)
            insert_job(connection, job)
            append_events(connection, job.id, [event], now=job.created_at)
            insert_followers(connection, job.id, followers, now=job.created_at)
            for made in evals:
                insert_eval(connection, made)

    def get(self, job_id: str) -> Job | None:
        """The job with this id."""
        with self.database.read() as connection:
            row = connection.execute(self._one(job_id)).one_or_none()
        return job_record(row) if row is not None else None

    def require(self, job_id: str) -> Job:
        """The job with this id. Raises `NotFound`."""
        job = self.get(job_id)
        if job is None:
            raise job_not_found(job_id)
        return job

    def page(
        self,
        *,
        after: str | None = None,
        limit: int = 20,
        metadata: Mapping[str, str] | None = None,
        without_metadata: bool = False,
    ) -> Page[Job]:
        """Newest first: those that carry all the pairs of `metadata`, or those that have no metadata at all."""
        query = sa.select(table).where(self.is_ours(table.c.project))
        if without_metadata:
            query = query.where(table.c["metadata"].is_(None))
        for key, value in (metadata or {}).items():
            pair = sa.select(job_metadata.c.job_id).where(job_metadata.c.key == key, job_metadata.c.value == value)
            query = query.where(table.c.id.in_(pair))
        return pages.read(self.database, query, table.c.number, job_record, after=after, limit=limit)

    def claim(self, worker: str, statuses: Collection[JobStatus], lease_s: float, now: float) -> Job | None:
        """Take a job in one of these states that nobody holds, and raise its attempt; None if there is none.

        One that was begun goes before those that wait; of these, one whose project has the fewest jobs held by workers;
        of equals, the oldest. A queued job becomes `running`; in every other state it stays where it is: one that still
        bears a worker's name is a job whose worker or run died, and that is counted. A lease that lasts longer than any
        that is given is one from before the clock was set back, and holds nobody up; a live worker writes it anew.
        """
        is_queued = table.c.status == JobStatus.QUEUED.value
        pick = (
            sa.select(table.c.number)
            .where(table.c.status.in_([status.value for status in statuses]))
            .where(sa.or_(table.c.lease.is_(None), table.c.lease < now, table.c.lease > now + 2 * lease_s))
            .order_by(is_queued, _held_of_its_project(now), table.c.number)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        is_new = sa.or_(is_queued, table.c.worker.is_(None))
        starts = sa.case((is_queued, sa.func.coalesce(table.c.started_at, int(now))), else_=table.c.started_at)
        update = (
            sa.update(table)
            .where(table.c.number == pick)
            .values(
                status=sa.case((is_queued, JobStatus.RUNNING.value), else_=table.c.status),
                started_at=starts,
                worker=worker,
                lease=now + lease_s,
                attempt=table.c.attempt + 1,
                deaths=sa.case((is_new, table.c.deaths), else_=table.c.deaths + 1),
            )
            .returning(*table.c)
        )
        with self.database.write() as connection:
            row = connection.execute(update).one_or_none()
        return job_record(row) if row is not None else None

    def heartbeat(self, job_id: str, attempt: int, lease_s: float, now: float) -> bool:
        """Renew a lease. False: the job is no longer this attempt's, or has ended; stop the run."""
        with self.database.write() as connection:
            renewed = connection.execute(
                sa.update(table)
                .where(table.c.id == job_id, table.c.attempt == attempt)
                .where(table.c.status.in_([status.value for status in HELD]))
                .values(lease=now + lease_s)
            )
            return renewed.rowcount == 1

    def release(self, job_id: str, attempt: int, *, has_died: bool = True) -> None:
        """Give a job back whose run has ended, in the state that it is in: the next claim need not wait for the lease.

        One whose run died keeps the worker's name, so that the next claim counts it.
        """
        worker = table.c.worker if has_died else None
        with self.database.write() as connection:
            connection.execute(
                sa.update(table)
                .where(table.c.id == job_id, table.c.attempt == attempt)
                .where(table.c.status.in_([status.value for status in HELD]))
                .values(lease=None, worker=worker)
            )

    def desired(self, job_id: str) -> Desired:
        """What the user last asked for. Raises `NotFound`."""
        with self.database.read() as connection:
            wish: Desired | None = connection.execute(self._one(job_id).with_only_columns(table.c.desired)).scalar()
        if wish is None:
            raise job_not_found(job_id)
        return wish

    def desire(self, job_id: str, wish: Desired) -> None:
        """Write down what is wanted, and nothing else. Users' wishes come by `pause`, `resume` and `cancel`."""
        with self.database.write() as connection:
            _set(connection, self._locked(connection, job_id).id, desired=wish)

    def move(
        self,
        job_id: str,
        status: JobStatus,
        *,
        now: float,
        attempt: int | None = None,
        fields: JobFields | None = None,
        leaving: Leaving | None = None,
    ) -> Job:
        """Move a job to another state, with what goes with it, in one transaction.

        `attempt` is the run's, None the door's. A run may repeat the move to the state its job is in already: that
        adds fields and events alone, so that a run can close the books of a job that the user has cancelled. Raises
        `LeaseLost` for a stale attempt, `InvalidRequest` for a move that is not in the table, and `NotFound`.
        """
        with self.database.write() as connection:
            job = self._locked(connection, job_id)
            _check_attempt(job, attempt)
            if attempt is not None and job.status is not status:
                _check_not_over(job, attempt)
            if attempt is None or job.status is not status:
                check_move(job_id, job.status, status)
            _move(connection, job, status, now, **field_values(fields or {}))
            leave(connection, job_id, leaving or Leaving(), now)
            return self._locked(connection, job_id)

    def commit_step(
        self,
        job_id: str,
        attempt: int,
        step: int,
        *,
        now: float,
        fields: JobFields | None = None,
        leaving: Leaving | None = None,
    ) -> None:
        """Write a step down, once: a step that is there already changes nothing. Raises `LeaseLost`."""
        with self.database.write() as connection:
            _check_under_way(self._locked(connection, job_id), attempt)
            if _has_step(connection, job_id, step):
                return
            connection.execute(sa.insert(job_steps).values(job_id=job_id, step=step, committed_at=int(now)))
            _set(connection, job_id, deaths=0, **field_values(fields or {}))
            leave(connection, job_id, leaving or Leaving(), now)

    def check_under_way(self, job_id: str, attempt: int) -> None:
        """Raise `LeaseLost` where `commit_step` would: asked before bytes are written that its row will name."""
        _check_under_way(self.require(job_id), attempt)

    def has_step(self, job_id: str, step: int) -> bool:
        """Whether a step is written down."""
        with self.database.read() as connection:
            return _has_step(connection, job_id, step)

    def last_step(self, job_id: str) -> int:
        """The highest step that is written down; 0 if none is."""
        with self.database.read() as connection:
            query = sa.select(sa.func.max(job_steps.c.step)).where(job_steps.c.job_id == job_id)
            step: int | None = connection.execute(query).scalar()
        return step or 0

    def update(
        self,
        job_id: str,
        attempt: int,
        *,
        now: float,
        fields: JobFields | None = None,
        leaving: Leaving | None = None,
    ) -> None:
        """What a run writes that is neither a step nor a move, whatever state its job is in. Raises `LeaseLost`."""
        with self.database.write() as connection:
            _check_attempt(self._locked(connection, job_id), attempt)
            _set(connection, job_id, **field_values(fields or {}))
            leave(connection, job_id, leaving or Leaving(), now)

    def say(self, job_id: str, attempt: int, events: Sequence[NewEvent], *, now: float) -> None:
        """Events of a run that no step is tied to. Raises `LeaseLost`."""
        self.update(job_id, attempt, now=now, leaving=Leaving(events))

    def pause(self, job_id: str, *, now: float) -> Job:
        """Ask a running job to stop with a snapshot; at once where its worker is dead. Raises `InvalidRequest`."""
        with self.database.write() as connection:
            job = self._locked(connection, job_id)
            status = JobStatus.PAUSING if _is_held(connection, job_id, now) else JobStatus.PAUSED
            if job.status is not JobStatus.RUNNING:
                raise _wrong_state(job, "paused", "Only a running job can be paused.")
            _move(connection, job, status, now, desired="pause")
            text = "The job is pausing after its present step" if status is JobStatus.PAUSING else "The job is paused"
            append_events(connection, job_id, [NewEvent(text)], now=now)
            return self._locked(connection, job_id)

    def resume(self, job_id: str, *, now: float, metadata: Mapping[str, str | None] | None = None) -> Job:
        """Queue a paused job again, with these changes to its metadata (None takes a key away).

        Raises `InvalidRequest`.
        """
        with self.database.write() as connection:
            job = self._locked(connection, job_id)
            if job.status is not JobStatus.PAUSED:
                raise _wrong_state(job, "resumed", "Only a paused job can be resumed.")
            _move(connection, job, JobStatus.QUEUED, now, desired="run")
            if metadata:
                _change_metadata(connection, job, metadata)
            append_events(connection, job_id, [NewEvent("Resuming, moving job to queued state")], now=now)
            return self._locked(connection, job_id)

    def cancel(self, job_id: str, *, now: float) -> Job:
        """End a job that has not ended, at once; its run notices at the next write. Raises `InvalidRequest`."""
        with self.database.write() as connection:
            job = self._locked(connection, job_id)
            if job.status.is_final:
                raise _wrong_state(job, "cancelled", "It has ended already.")
            _move(connection, job, JobStatus.CANCELLED, now, desired="cancel")
            append_events(connection, job_id, [NewEvent("The job has been cancelled")], now=now)
            return self._locked(connection, job_id)

    def _one(self, job_id: str) -> sa.Select[Any]:
        return sa.select(table).where(table.c.id == job_id, self.is_ours(table.c.project))

    def _locked(self, connection: sa.Connection, job_id: str) -> Job:
        row = connection.execute(self._one(job_id).with_for_update()).one_or_none()
        if row is None:
            raise job_not_found(job_id)
        return job_record(row)


def insert_job(connection: sa.Connection, job: Job) -> None:
    """Add a job without events within a transaction."""
    connection.execute(sa.insert(table).values(**job_values(job)))
    _insert_metadata(connection, job.id, job.metadata or {})


def _has_step(connection: sa.Connection, job_id: str, step: int) -> bool:
    found = sa.select(job_steps.c.step).where(job_steps.c.job_id == job_id, job_steps.c.step == step)
    return connection.execute(found).first() is not None


def _wrong_state(job: Job, done: str, rule: str) -> InvalidRequest:
    return InvalidRequest(
        f"Job '{job.id}' cannot be {done}: its status is '{job.status}'. {rule}", code="invalid_job_state"
    )


def _check_attempt(job: Job, attempt: int | None) -> None:
    if attempt is None:
        return
    if job.attempt != attempt:
        raise LeaseLost(f"Job '{job.id}' is now held by attempt {job.attempt}; attempt {attempt} must stop.")
    if job.status not in HELD and not job.status.is_final:
        raise LeaseLost(f"Job '{job.id}' was given back and is '{job.status}'; attempt {attempt} must stop.")


def _check_under_way(job: Job, attempt: int) -> None:
    _check_attempt(job, attempt)
    _check_not_over(job, attempt)


def _check_not_over(job: Job, attempt: int) -> None:
    if job.status.is_final:
        raise LeaseLost(f"Job '{job.id}' ended as '{job.status}' meanwhile; attempt {attempt} must stop.")


def _held_of_its_project(now: float) -> sa.ScalarSelect[int]:
    """How many jobs of a row's project workers hold at the moment."""
    held = table.alias("held")
    is_held = sa.and_(held.c.status.in_([status.value for status in HELD]), held.c.lease >= now)
    return sa.select(sa.func.count()).where(held.c.project == table.c.project, is_held).scalar_subquery()


def _is_held(connection: sa.Connection, job_id: str, now: float) -> bool:
    lease = connection.execute(sa.select(table.c.lease).where(table.c.id == job_id)).scalar()
    return lease is not None and lease >= now


def _move(connection: sa.Connection, job: Job, status: JobStatus, now: float, **values: Any) -> None:
    """Write a state, what follows from it and other columns; and that it was reached, for those who want to hear."""
    _set(connection, job.id, **_of_status(job, status, now), **values)
    if status is not job.status and status in OF_JOBS:
        insert_webhook_event(connection, OF_JOBS[status], project=job.project, subject=job.id, now=now)


def _of_status(job: Job, status: JobStatus, now: float) -> dict[str, Any]:
    """The columns that follow from a state."""
    values: dict[str, Any] = {"status": status.value}
    if status not in HELD:
        values |= {"lease": None, "worker": None, "estimated_finish": None}
    if status.is_final and job.finished_at is None:
        values["finished_at"] = int(now)
    return values


def _set(connection: sa.Connection, job_id: str, **values: Any) -> None:
    if values:
        connection.execute(sa.update(table).where(table.c.id == job_id).values(**values))


def _change_metadata(connection: sa.Connection, job: Job, changes: Mapping[str, str | None]) -> None:
    changed = {key: value for key, value in {**(job.metadata or {}), **changes}.items() if value is not None}
    _set(connection, job.id, metadata=changed or None)
    connection.execute(sa.delete(job_metadata).where(job_metadata.c.job_id == job.id))
    _insert_metadata(connection, job.id, changed)


def _insert_metadata(connection: sa.Connection, job_id: str, metadata: Mapping[str, str]) -> None:
    for key, value in metadata.items():
        connection.execute(sa.insert(job_metadata).values(job_id=job_id, key=key, value=value))
