"""Tuned models: final ones and checkpoints' alike. Their files lie in the blobs under `TunedModel.blob`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.records import TunedModel
from burnish.store.database import Database
from burnish.store.tables import models as table


@dataclass(frozen=True, slots=True)
class Models:
    """The table of tuned models."""

    database: Database

    def insert(self, model: TunedModel) -> None:
        """Add a model, once its files are in the blobs."""
        with self.database.write() as connection:
            insert_models(connection, [model])

    def get(self, name: str) -> TunedModel | None:
        """The tuned model of this name."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(table.c.name == name)).one_or_none()
        return _record(row) if row is not None else None

    def all(self) -> list[TunedModel]:
        """Every tuned model, oldest first."""
        query = sa.select(table).order_by(table.c.created_at, table.c.step, table.c.name)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def delete(self, name: str) -> TunedModel | None:
        """Remove the row and give what it held; None if there was none.

        The caller deletes `blob` unless it `is_in_use`.
        """
        with self.database.write() as connection:
            row = connection.execute(sa.delete(table).where(table.c.name == name).returning(*table.c)).one_or_none()
        return _record(row) if row is not None else None

    def is_in_use(self, blob: str) -> bool:
        """Whether a model is served from these files: a last checkpoint and the final model may share them."""
        with self.database.read() as connection:
            return connection.execute(sa.select(table.c.name).where(table.c.blob == blob).limit(1)).first() is not None


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
    )
