"""A page of rows, and where the next one begins."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some records in the order asked for, and whether more follow."""

    items: list[T]
    has_more: bool


def fetch(
    connection: sa.Connection,
    query: sa.Select[Any],
    order: sa.Column[int],
    *,
    after: str | None,
    id_column: sa.Column[str],
    limit: int,
    descending: bool = True,
) -> tuple[list[sa.Row[Any]], bool]:
    """At most `limit` rows of the query behind the row with the id `after`, and whether more follow.

    Raises `InvalidRequest` when no row of the query has that id: a page from a wrong place would be silent nonsense.
    """
    if after is not None:
        place = connection.execute(query.with_only_columns(order).where(id_column == after)).scalar()
        if place is None:
            raise InvalidRequest(f"Nothing in this list has the id '{after}'.", param="after", code="invalid_value")
        query = query.where(order < place if descending else order > place)
    query = query.order_by(order.desc() if descending else order.asc()).limit(limit + 1)
    rows = list(connection.execute(query).all())
    return rows[:limit], len(rows) > limit
