"""Uploaded and written files: the rows. Their bytes lie in the blobs under `file_blob(id)`."""

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest
from burnish.core.records import StoredFile
from burnish.store import pages
from burnish.store.pages import Page
from burnish.store.scoped import Scoped
from burnish.store.tables import files as table
from burnish.store.uses import check_file_unused, is_needed


def file_blob(file_id: str) -> str:
    """Where a file's bytes lie in the blobs."""
    return f"files/{file_id}"


@dataclass(frozen=True, slots=True)
class Files(Scoped):
    """The table of files."""

    def insert(self, file: StoredFile) -> None:
        """Add a file, once its bytes are in the blobs."""
        with self.database.write() as connection:
            insert_file(connection, file)

    def get(self, file_id: str) -> StoredFile | None:
        """The file with this id."""
        with self.database.read() as connection:
            row = connection.execute(self._one(file_id)).one_or_none()
        return _record(row) if row is not None else None

    def page(
        self,
        *,
        after: str | None = None,
        limit: int = 10_000,
        order: Literal["asc", "desc"] = "desc",
        purpose: str | None = None,
    ) -> Page[StoredFile]:
        """Files in the order of their creation, newest first unless asked otherwise."""
        query = sa.select(table).where(self.is_ours(table.c.project))
        if purpose is not None:
            query = query.where(table.c.purpose == purpose)
        return pages.read(
            self.database, query, table.c.number, _record, after=after, limit=limit, descending=order == "desc"
        )

    def delete(self, file_id: str) -> bool:
        """Remove the row; whether there was one. The caller deletes the bytes afterwards.

        Raises `InvalidRequest`, code `file_in_use`, while a job that has not ended needs it.
        """
        with self.database.write() as connection:
            if connection.execute(self._one(file_id).with_for_update()).one_or_none() is None:
                return False
            check_file_unused(connection, file_id)
            connection.execute(sa.delete(table).where(table.c.id == file_id))
            return True

    def expire(self, now: float) -> list[str]:
        """Remove the rows of files whose time has run out, of all projects; their ids. The caller deletes the bytes.

        One that a job needs which has not ended stays until then.
        """
        is_over = sa.and_(table.c.expires_at <= now, ~is_needed(table.c.id))
        with self.database.read() as connection:
            if connection.execute(sa.select(table.c.id).where(is_over).limit(1)).first() is None:
                return []
        with self.database.write() as connection:
            over = connection.execute(sa.select(table.c.id).where(is_over).with_for_update()).scalars().all()
            gone = sa.delete(table).where(table.c.id.in_(over), is_over)  # asks again: a job may have come meanwhile
            return list(connection.execute(gone.returning(table.c.id)).scalars())

    def _one(self, file_id: str) -> sa.Select[Any]:
        return sa.select(table).where(table.c.id == file_id, self.is_ours(table.c.project))


def require_file(connection: sa.Connection, file_id: str, project: str, param: str) -> None:
    """Hold a file within a transaction, so that it is not removed before that ends. Raises `InvalidRequest`."""
    held = sa.select(table.c.id).where(table.c.id == file_id, table.c.project == project)
    if connection.execute(held.with_for_update(read=True)).one_or_none() is None:
        raise file_missing(file_id, param)


def file_missing(file_id: str, param: str) -> InvalidRequest:
    """The refusal of a request whose field names a file that is not there."""
    return InvalidRequest(f"No such File object: {file_id}", param=param, code="file_not_found")


def insert_file(connection: sa.Connection, file: StoredFile) -> None:
    """Add a file within a transaction."""
    connection.execute(
        sa.insert(table).values(
            id=file.id,
            bytes=file.bytes,
            created_at=file.created_at,
            filename=file.filename,
            purpose=file.purpose,
            project=file.project,
            expires_at=file.expires_at,
        )
    )


def _record(row: sa.Row[Any]) -> StoredFile:
    return StoredFile(
        id=row.id,
        bytes=row.bytes,
        created_at=row.created_at,
        filename=row.filename,
        purpose=row.purpose,
        project=row.project,
        expires_at=row.expires_at,
    )
