"""What people thought of answers: kept for those who train on it later."""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.errors import NotFound
from burnish.core.records import Feedback
from burnish.store import pages
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import feedback as table


@dataclass(frozen=True, slots=True)
class Feedbacks(Scoped):
    """The table of feedback."""

    def insert(self, feedback: Feedback) -> None:
        """Keep one."""
        with self.database.write() as connection:
            connection.execute(sa.insert(table).values(**asdict(feedback)))

    def page(self, *, model: str | None = None, after: str | None = None, limit: int = 20) -> Page[Feedback]:
        """Newest first; of one model, or of all."""
        query = sa.select(table).where(self.is_ours(table.c.project))
        if model is not None:
            query = query.where(table.c.model == model)
        return pages.read(self.database, query, table.c.number, _record, after=after, limit=limit)

    def require(self, feedback_id: str) -> Feedback:
        """The one with this id. Raises `NotFound`."""
        query = sa.select(table).where(table.c.id == feedback_id, self.is_ours(table.c.project))
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _missing(feedback_id)
        return _record(row)

    def delete(self, feedback_id: str) -> None:
        """Forget one. Raises `NotFound`."""
        statement = sa.delete(table).where(table.c.id == feedback_id, self.is_ours(table.c.project))
        with self.database.write() as connection:
            if connection.execute(statement).rowcount == 0:
                raise _missing(feedback_id)


def _missing(feedback_id: str) -> NotFound:
    return NotFound(f"Feedback with id '{feedback_id}' not found.", param="id", code="feedback_not_found")


def _record(row: sa.Row[Any]) -> Feedback:
    return Feedback(
        id=row.id,
        created_at=row.created_at,
        project=row.project,
        model=row.model,
        messages=row.messages,
        answer=row.answer,
        rating=row.rating,
        correction=row.correction,
        note=row.note,
    )
