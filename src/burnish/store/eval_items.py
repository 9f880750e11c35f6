"""The items of runs: one per row and answer, with what the criteria said."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.errors import NotFound
from burnish.core.evaluation import EvalItem, Verdict
from burnish.store import pages
from burnish.store.database import Database
from burnish.store.pages import Page
from burnish.store.tables import eval_items as table

_AT_ONCE = 500
"""Items of a walk that are in memory."""


@dataclass(frozen=True, slots=True)
class EvalItems:
    """The table of items; whoever asks has seen to it that the run is the caller's."""

    database: Database

    def require(self, run_id: str, item_id: str) -> EvalItem:
        """The one with this id. Raises `NotFound`."""
        with self.database.read() as connection:
            query = sa.select(table).where(table.c.run_id == run_id, table.c.id == item_id)
            row = connection.execute(query).one_or_none()
        if row is None:
            raise item_not_found(item_id)
        return _record(row)

    def page(
        self,
        run_id: str,
        *,
        after: str | None = None,
        limit: int = 20,
        descending: bool = False,
        status: Verdict | None = None,
    ) -> Page[EvalItem]:
        """In the order in which they were done, or the other way round."""
        query = sa.select(table).where(table.c.run_id == run_id)
        if status is not None:
            query = query.where(table.c.status == status)
        return pages.read(
            self.database, query, table.c.number, _record, after=after, limit=limit, descending=descending
        )

    def walk(self, run_id: str, rows: Collection[int] | None = None) -> Iterator[EvalItem]:
        """All of them by place, some at a time; where rows are named, those to them."""
        last, own = -1, table.c.run_id == run_id
        if rows is not None:
            own = sa.and_(own, table.c.row.in_(rows))
        while True:
            query = sa.select(table).where(own, table.c.place > last)
            with self.database.read() as connection:
                found = connection.execute(query.order_by(table.c.place).limit(_AT_ONCE)).all()
            yield from map(_record, found)
            if len(found) < _AT_ONCE:
                return
            last = found[-1].place

    def places(self, run_id: str) -> set[int]:
        """Those of all that are done."""
        with self.database.read() as connection:
            return set(connection.execute(sa.select(table.c.place).where(table.c.run_id == run_id)).scalars())


def insert_items(connection: sa.Connection, items: Sequence[EvalItem]) -> None:
    """Add items within a transaction."""
    if items:
        connection.execute(sa.insert(table), [_values(item) for item in items])


def item_not_found(item_id: str) -> NotFound:
    """The refusal to show an item that is not there."""
    return NotFound(f"Output item with id '{item_id}' not found.", param="output_item_id", code="output_item_not_found")


def _values(item: EvalItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "run_id": item.run_id,
        "place": item.place,
        "created_at": item.created_at,
        "row": item.row,
        "status": item.status,
        "item": dict(item.item),
        "results": [dict(result) for result in item.results],
        "sample": dict(item.sample),
    }


def _record(row: sa.Row[Any]) -> EvalItem:
    return EvalItem(
        id=row.id,
        run_id=row.run_id,
        place=row.place,
        created_at=row.created_at,
        row=row.row,
        status=row.status,
        item=row.item,
        results=row.results,
        sample=row.sample,
    )
