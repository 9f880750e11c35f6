"""Tuned models: final ones and checkpoints' alike. Their files lie in the blobs under `TunedModel.blob`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.records import TunedModel
from burnish.store.scoped import Scoped
from burnish.store.tables import models as table
from burnish.store.tables import permissions
from burnish.store.uses import check_model_unused


@dataclass(frozen=True, slots=True)
class Models(Scoped):
    """The table of tuned models. A project sees its own, and those that a permission lets it use."""

    def insert(self, model: TunedModel) -> None:
        """Add a model, once its files are in the blobs."""
        with self.database.write() as connection:
            insert_models(connection, [model])

    def get(self, name: str) -> TunedModel | None:
        """The tuned model of this name, if it may be used."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(table.c.name == name, self._is_usable())).one_or_none()
        return _record(row) if row is not None else None

    def all(self) -> list[TunedModel]:
        """Every tuned model that may be used, oldest first."""
        query = sa.select(table).where(self._is_usable()).order_by(table.c.created_at, table.c.step, table.c.name)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def delete(self, name: str) -> TunedModel | None:
        """Remove the row of a model of our own and give what it held; None if there was none.

        The caller deletes `blob` unless it `is_in_use`. Raises `InvalidRequest`, code `model_in_use`, while another
        project has a permission or the model's job has not ended.
        """
        own = sa.select(table).where(table.c.name == name, self.is_ours(table.c.project))
        with self.database.write() as connection:
            row = connection.execute(own.with_for_update()).one_or_none()
            if row is None:
                return None
            check_model_unused(connection, _record(row))
            connection.execute(sa.delete(table).where(table.c.name == name))
        return _record(row)

    def is_in_use(self, blob: str) -> bool:
        """Whether a model is served from these files: a last checkpoint and the final model may share them."""
        with self.database.read() as connection:
            return connection.execute(sa.select(table.c.name).where(table.c.blob == blob).limit(1)).first() is not None

    def _is_usable(self) -> sa.ColumnElement[bool]:
        granted = sa.select(permissions.c.model).where(self.is_ours(permissions.c.project))
        return sa.or_(self.is_ours(table.c.project), table.c.name.in_(granted))


def insert_models(connection: sa.Connection, models: Sequence[TunedModel]) -> None:
    """Add models within a transaction."""
    for model in models:
        connection.execute(
            sa.insert(table).values(
                name=model.name,
                created_at=model.created_at,
                base=model.base,
                job_id=model.job_id,
                step=model.step,
                blob=model.blob,
                kind=model.kind,
                reasoning_effort=model.reasoning_effort,
                project=model.project,
            )
        )


def delete_models(connection: sa.Connection, names: Sequence[str]) -> None:
    """Remove models within a transaction."""
    if names:
        connection.execute(sa.delete(table).where(table.c.name.in_(names)))


def _record(row: sa.Row[Any]) -> TunedModel:
    return TunedModel(
        name=row.name,
        created_at=row.created_at,
        base=row.base,
        job_id=row.job_id,
        step=row.step,
        blob=row.blob,
        kind=row.kind,
        reasoning_effort=row.reasoning_effort,
        project=row.project,
    )
