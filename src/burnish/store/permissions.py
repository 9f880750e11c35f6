"""Which projects may use a tuned model of another. Everybody's: who may ask for them is the door's to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest, NotFound
from burnish.core.ids import new_id
from burnish.core.records import Permission
from burnish.store import pages
from burnish.store.database import Database
from burnish.store.pages import Page
from burnish.store.tables import models
from burnish.store.tables import permissions as table


@dataclass(frozen=True, slots=True)
class Permissions:
    """The table of permissions."""

    database: Database

    def create(self, model: str, projects: Sequence[str], *, now: float) -> list[Permission]:
        """Let projects use a model, all or none of them; what one has already it keeps. In the order given.

        Raises `NotFound` for the model and `InvalidRequest` for the project that owns it.
        """
        with self.database.write() as connection:
            owner = _owner(connection, model, is_locked=True)
            if owner in projects:
                raise InvalidRequest(
                    f"Project '{owner}' owns the model '{model}' and needs no permission.",
                    param="project_ids",
                    code="invalid_value",
                )
            return [_granted(connection, model, project, int(now)) for project in dict.fromkeys(projects)]

    def page(
        self,
        model: str,
        *,
        project: str | None = None,
        after: str | None = None,
        limit: int = 10,
        descending: bool = True,
    ) -> Page[Permission]:
        """A model's permissions, newest first unless asked otherwise. Raises `NotFound` for the model."""
        query = sa.select(table).where(table.c.model == model)
        if project is not None:
            query = query.where(table.c.project == project)
        with self.database.read() as connection:
            _owner(connection, model)
            rows, has_more = pages.fetch(
                connection,
                query,
                table.c.number,
                after=after,
                limit=limit,
                descending=descending,
            )
        return Page([_record(row) for row in rows], has_more)

    def delete(self, model: str, permission_id: str) -> None:
        """Take a permission back. Raises `NotFound` for the model or the permission."""
        with self.database.write() as connection:
            _owner(connection, model)
            gone = connection.execute(sa.delete(table).where(table.c.model == model, table.c.id == permission_id))
            if gone.rowcount == 0:
                raise NotFound(
                    f"The model '{model}' has no permission '{permission_id}'.",
                    param="permission_id",
                    code="permission_not_found",
                )


def _owner(connection: sa.Connection, model: str, *, is_locked: bool = False) -> str:
    """The project of a model; locked, nobody else grants anything on it meanwhile."""
    query = sa.select(models.c.project).where(models.c.name == model)
    found: str | None = connection.execute(query.with_for_update() if is_locked else query).scalar()
    if found is None:
        raise NotFound(f"The model '{model}' does not exist.", param="model", code="model_not_found")
    return found


def _granted(connection: sa.Connection, model: str, project: str, now: int) -> Permission:
    there = sa.select(table).where(table.c.model == model, table.c.project == project)
    if (row := connection.execute(there).one_or_none()) is not None:
        return _record(row)
    new = Permission(new_id("cp_"), now, model, project)
    connection.execute(
        sa.insert(table).values(id=new.id, created_at=new.created_at, model=new.model, project=new.project)
    )
    return new


def _record(row: sa.Row[Any]) -> Permission:
    return Permission(id=row.id, created_at=row.created_at, model=row.model, project=row.project)
