"""The queue of followers: which jobs are followed from outside, and by whom at present.

A row is written with its job. Whoever has claimed it is its owner for a time, keeps it for as long as it claims again,
and is the only one that writes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.following import FollowerKind, Following
from burnish.core.records import NewEvent
from burnish.store.database import Database
from burnish.store.events import append_events
from burnish.store.tables import followers as table
from burnish.store.tables import jobs


@dataclass(frozen=True, slots=True)
class Followers:
    """The table of followers; those of all projects."""

    database: Database

    def claim(self, kind: FollowerKind, owner: str, *, limit: int, lease_s: float, now: float) -> list[Following]:
        """Keep what is the owner's, and take jobs with news that nobody holds; those due first."""
        is_mine = sa.and_(table.c.owner == owner, table.c.lease >= now)
        is_free = sa.or_(table.c.lease.is_(None), table.c.lease < now)
        has_news = sa.exists().where(jobs.c.id == table.c.job_id, jobs.c.events > table.c.position)
        due = (
            sa.select(table.c.job_id)
            .where(table.c.kind == kind, table.c.status == "open", table.c.due <= now)
            .where(sa.or_(is_mine, sa.and_(is_free, has_news)))
            .order_by(sa.case((is_mine, 0), else_=1), table.c.due, table.c.job_id)
            .limit(limit)
        )
        with self.database.read() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        with self.database.write() as connection:
            ids = list(connection.execute(due.with_for_update(skip_locked=True)).scalars())
            taken = sa.and_(table.c.kind == kind, table.c.job_id.in_(ids))
            connection.execute(sa.update(table).where(taken).values(owner=owner, lease=now + lease_s))
            rows = connection.execute(sa.select(table).where(taken).order_by(table.c.due, table.c.job_id))
            return [Following(row.job_id, row.kind, row.position, row.failures) for row in rows]

    def advance(
        self,
        following: Following,
        owner: str,
        *,
        position: int,
        is_kept: bool,
        is_done: bool,
        events: Sequence[NewEvent] = (),
        now: float,
    ) -> bool:
        """Write down how far it has come, with what the job's log is told. False: it is another's by now."""
        values: dict[str, Any] = {"position": position, "failures": 0, "due": now}
        if is_done:
            values["status"] = "done"
        if not is_kept:
            values |= {"owner": None, "lease": None}
        return self._write(following, owner, values, events, now)

    def fail(
        self, following: Following, owner: str, *, due: float | None, events: Sequence[NewEvent], now: float
    ) -> bool:
        """Give it back after a failure: until it is due again, or for good. False: it is another's by now."""
        values: dict[str, Any] = {"failures": following.failures + 1, "owner": None, "lease": None}
        values |= {"status": "failed"} if due is None else {"due": due}
        return self._write(following, owner, values, events, now)

    def release(self, owner: str) -> None:
        """Give back all that is the owner's."""
        with self.database.write() as connection:
            connection.execute(sa.update(table).where(table.c.owner == owner).values(owner=None, lease=None))

    def _write(
        self, following: Following, owner: str, values: dict[str, Any], events: Sequence[NewEvent], now: float
    ) -> bool:
        row = sa.and_(table.c.job_id == following.job_id, table.c.kind == following.kind, table.c.owner == owner)
        with self.database.write() as connection:
            if connection.execute(sa.update(table).where(row).values(**values)).rowcount == 0:
                return False
            append_events(connection, following.job_id, events, now=now)
            return True


def insert_followers(connection: sa.Connection, job_id: str, kinds: Collection[FollowerKind], *, now: float) -> None:
    """Add a job's followers within the transaction that writes the job."""
    for kind in kinds:
        connection.execute(
            sa.insert(table).values(
                job_id=job_id, kind=kind, status="open", position=0, failures=0, due=now, owner=None, lease=None
            )
        )
