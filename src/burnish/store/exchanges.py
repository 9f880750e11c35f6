"""Answers that callers wanted kept: stored chat completions and responses."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import sqlalchemy as sa

from burnish.core.errors import NotFound
from burnish.core.records import Exchange
from burnish.store import pages
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import exchange_metadata
from burnish.store.tables import exchanges as table

Json = Any
Kind = Literal["chat.completion", "response"]


@dataclass(frozen=True, slots=True)
class Exchanges(Scoped):
    """The table of exchanges."""

    def insert(self, exchange: Exchange) -> None:
        """Keep one."""
        with self.database.write() as connection:
            connection.execute(sa.insert(table).values(**asdict(exchange)))
            _insert_metadata(connection, exchange.id, exchange.metadata)

    def require(self, kind: Kind, exchange_id: str) -> Exchange:
        """The one with this id. Raises `NotFound`."""
        with self.database.read() as connection:
            return self._one(connection, kind, exchange_id)

    def page(
        self,
        kind: Kind,
        *,
        after: str | None = None,
        limit: int = 20,
        descending: bool = False,
        model: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Page[Exchange]:
        """Oldest first unless asked otherwise; those of a model, and those that carry all the pairs of `metadata`."""
        query = sa.select(table).where(table.c.kind == kind, self.is_ours(table.c.project))
        if model is not None:
            query = query.where(table.c.model == model)
        pair = exchange_metadata.c
        for key, value in (metadata or {}).items():
            query = query.where(table.c.id.in_(sa.select(pair.exchange_id).where(pair.key == key, pair.value == value)))
        return pages.read(
            self.database, query, table.c.number, _record, after=after, limit=limit, descending=descending
        )

    def set_metadata(self, kind: Kind, exchange_id: str, metadata: Mapping[str, str] | None) -> Exchange:
        """Replace its metadata. Raises `NotFound`."""
        with self.database.write() as connection:
            self._one(connection, kind, exchange_id)
            connection.execute(sa.update(table).where(table.c.id == exchange_id).values(metadata=metadata))
            connection.execute(sa.delete(exchange_metadata).where(exchange_metadata.c.exchange_id == exchange_id))
            _insert_metadata(connection, exchange_id, metadata)
            return self._one(connection, kind, exchange_id)

    def set_answer(self, exchange_id: str, answer: Mapping[str, Json]) -> None:
        """Replace what was answered; nothing happens where it was deleted meanwhile."""
        with self.database.write() as connection:
            connection.execute(sa.update(table).where(table.c.id == exchange_id).values(answer=answer))

    def delete(self, kind: Kind, exchange_id: str) -> None:
        """Forget one. Raises `NotFound`."""
        with self.database.write() as connection:
            self._one(connection, kind, exchange_id)
            connection.execute(sa.delete(table).where(table.c.id == exchange_id))

    def _one(self, connection: sa.Connection, kind: Kind, exchange_id: str) -> Exchange:
        query = sa.select(table).where(table.c.id == exchange_id, table.c.kind == kind, self.is_ours(table.c.project))
        row = connection.execute(query).one_or_none()
        if row is None:
            raise _missing(kind, exchange_id)
        return _record(row)


def _missing(kind: Kind, exchange_id: str) -> NotFound:
    if kind == "response":
        return NotFound(f"Response with id '{exchange_id}' not found.", param="id", code="response_not_found")
    message = f"Chat completion with id '{exchange_id}' not found."
    return NotFound(message, param="id", code="chat_completion_not_found")


def _insert_metadata(connection: sa.Connection, exchange_id: str, metadata: Mapping[str, str] | None) -> None:
    for key, value in (metadata or {}).items():
        connection.execute(sa.insert(exchange_metadata).values(exchange_id=exchange_id, key=key, value=value))


def _record(row: sa.Row[Any]) -> Exchange:
    return Exchange(
        id=row.id,
        kind=row.kind,
        created_at=row.created_at,
        model=row.model,
        project=row.project,
        metadata=row._mapping["metadata"],
        request=row.request,
        answer=row.answer,
    )
