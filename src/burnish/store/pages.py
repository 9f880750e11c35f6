"""A page of rows, and where the next one begins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest
from burnish.store.database import Database

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some records in the order asked for, and whether more follow."""

    items: list[T]
    has_more: bool


def read(
    database: Database,
    query: sa.Select[Any],
    order: sa.Column[int],
    record: Callable[[sa.Row[Any]], T],
    *,
    after: str | None,
    limit: int,
    descending: bool = True,
) -> Page[T]:
    """A page of a table's records. Raises like `fetch`."""
    with database.read() as connection:
        rows, has_more = fetch(connection, query, order, after=after, limit=limit, descending=descending)
    return Page([record(row) for row in rows], has_more)


def fetch(
    connection: sa.Connection,
    query: sa.Select[Any],
    order: sa.Column[int],
    *,
    after: str | None,
    limit: int,
    descending: bool = True,
) -> tuple[list[sa.Row[Any]], bool]:
    """At most `limit` rows of the query behind the row with the id `after`, and whether more follow.

    Raises `InvalidRequest` when no row of the query has that id: a page from a wrong place would be silent nonsense.
    """
    if after is not None:
        place = connection.execute(query.with_only_columns(order).where(order.table.c.id == after)).scalar()
        if place is None:
            raise InvalidRequest(f"Nothing in this list has the id '{after}'.", param="after", code="invalid_value")
        query = query.where(order < place if descending else order > place)
    query = query.order_by(order.desc() if descending else order.asc()).limit(limit + 1)
    rows = list(connection.execute(query).all())
    return rows[:limit], len(rows) > limit
