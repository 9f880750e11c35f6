"""Evals: what is measured. Their runs are in `store/eval_runs.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from burnish.core.errors import NotFound
from burnish.core.evaluation import Eval
from burnish.store import pages
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import evals as table


@dataclass(frozen=True, slots=True)
class Evals(Scoped):
    """The table of evals."""

    def insert(self, made: Eval) -> None:
        """Add one."""
        with self.database.write() as connection:
            insert_eval(connection, made)

    def require(self, eval_id: str) -> Eval:
        """The one with this id. Raises `NotFound`."""
        with self.database.read() as connection:
            return self._one(connection, eval_id)

    def of_job(self, job_id: str) -> list[Eval]:
        """Those that show a job's answers and have not been deleted."""
        with self.database.read() as connection:
            query = sa.select(table).where(table.c.job_id == job_id, self.is_ours(table.c.project))
            return [eval_record(row) for row in connection.execute(query.order_by(table.c.number))]

    def page(
        self,
        *,
        after: str | None = None,
        limit: int = 20,
        descending: bool = False,
        order_by: Literal["created_at", "updated_at"] = "created_at",
    ) -> Page[Eval]:
        """Oldest first unless asked otherwise, by creation or by the last change."""
        query = sa.select(table).where(self.is_ours(table.c.project))
        order = table.c.number if order_by == "created_at" else table.c.touched
        return pages.read(self.database, query, order, eval_record, after=after, limit=limit, descending=descending)

    def update(self, eval_id: str, changes: Mapping[str, Any], *, now: float) -> Eval:
        """Change its name or metadata. Raises `NotFound`."""
        with self.database.write() as connection:
            self._one(connection, eval_id)
            touch = {"updated_at": int(now), "touched": _next_touch(connection)}
            connection.execute(sa.update(table).where(table.c.id == eval_id).values(**changes, **touch))
            return self._one(connection, eval_id)

    def delete(self, eval_id: str) -> None:
        """Forget it, its runs and their items. Raises `NotFound`."""
        with self.database.write() as connection:
            self._one(connection, eval_id)
            connection.execute(sa.delete(table).where(table.c.id == eval_id))

    def _one(self, connection: sa.Connection, eval_id: str) -> Eval:
        query = sa.select(table).where(table.c.id == eval_id, self.is_ours(table.c.project))
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"Eval with id '{eval_id}' not found.", param="eval_id", code="eval_not_found")
        return eval_record(row)


def insert_eval(connection: sa.Connection, made: Eval) -> None:
    """Add an eval within a transaction."""
    connection.execute(
        sa.insert(table).values(
            id=made.id,
            created_at=made.created_at,
            updated_at=made.updated_at,
            touched=_next_touch(connection),
            name=made.name,
            project=made.project,
            data_source_config=dict(made.data_source_config),
            testing_criteria=[dict(criterion) for criterion in made.testing_criteria],
            metadata=made.metadata,
            job_id=made.job_id,
            phase=made.phase,
        )
    )


def _next_touch(connection: sa.Connection) -> int:
    """Times are whole seconds, too coarse to page by."""
    last: int | None = connection.execute(sa.select(sa.func.max(table.c.touched))).scalar()
    return (last or 0) + 1


def eval_record(row: sa.Row[Any]) -> Eval:
    """The eval of a row of `evals`."""
    return Eval(
        id=row.id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        name=row.name,
        project=row.project,
        data_source_config=row.data_source_config,
        testing_criteria=tuple(row.testing_criteria),
        metadata=row._mapping["metadata"],
        job_id=row.job_id,
        phase=row.phase,
    )
