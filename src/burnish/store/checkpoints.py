"""Published steps of a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.records import Checkpoint
from burnish.store import pages
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import checkpoints as table


@dataclass(frozen=True, slots=True)
class Checkpoints(Scoped):
    """The table of checkpoints. `Jobs.commit_step` writes it."""

    def page(self, job_id: str, *, after: str | None = None, limit: int = 10) -> Page[Checkpoint]:
        """Newest (highest step) first."""
        query = self._of(job_id)
        return pages.read(self.database, query, table.c.step, _record, after=after, limit=limit)

    def all(self, job_id: str) -> list[Checkpoint]:
        """Every checkpoint of a job, by step."""
        query = self._of(job_id).order_by(table.c.step)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def _of(self, job_id: str) -> sa.Select[Any]:
        return sa.select(table).where(table.c.job_id == job_id, self.is_of_our_job(table.c.job_id))


def insert_checkpoints(connection: sa.Connection, checkpoints: Sequence[Checkpoint]) -> None:
    """Add checkpoints within a transaction."""
    for checkpoint in checkpoints:
        connection.execute(
            sa.insert(table).values(
                id=checkpoint.id,
                job_id=checkpoint.job_id,
                created_at=checkpoint.created_at,
                step=checkpoint.step,
                model=checkpoint.model,
                metrics=dict(checkpoint.metrics),
            )
        )


def delete_checkpoints(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Remove checkpoints within a transaction."""
    if ids:
        connection.execute(sa.delete(table).where(table.c.id.in_(ids)))


def _record(row: sa.Row[Any]) -> Checkpoint:
    return Checkpoint(
        id=row.id, job_id=row.job_id, created_at=row.created_at, step=row.step, model=row.model, metrics=row.metrics
    )
