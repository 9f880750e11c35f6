"""Files that come in parts: uploads, their parts, and what they leave when they end.

An upload ends first in its row; then its parts' bytes go, and then their rows: whoever dies in between leaves a row
that says so, and `ended` names it. A part's bytes are there before its row, as everywhere.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest, NotFound
from burnish.core.ids import derived_id
from burnish.core.records import StoredFile, Upload, UploadPart
from burnish.store.files import insert_file
from burnish.store.scoped import Scoped
from burnish.store.tables import files
from burnish.store.tables import upload_parts as parts_table
from burnish.store.tables import uploads as table

MOST_PARTS = 10_000
"""Of one upload."""
_GRACE_S = 600
"""How long an upload is kept from expiring once somebody completes it."""


class Joint(NamedTuple):
    """What an upload is made of, in order, and the file that it becomes."""

    upload: Upload
    parts: list[UploadPart]
    """None where the upload is completed already."""
    file_id: str
    replaced: str | None
    """The file of an earlier try with other parts, which never came to be; its bytes may lie there."""


class Ended(NamedTuple):
    """An upload that has ended and whose parts' bytes may still lie there."""

    id: str
    file_id: str | None
    """A file that it would have become and has not."""


@dataclass(frozen=True, slots=True)
class Uploads(Scoped):
    """The tables of uploads and their parts."""

    def insert(self, upload: Upload) -> None:
        """Begin an upload."""
        with self.database.write() as connection:
            connection.execute(sa.insert(table).values(**asdict(upload), is_cleared=False))

    def require_pending(self, upload_id: str) -> Upload:
        """The upload with this id, if it takes parts. Raises `NotFound` and `InvalidRequest`."""
        with self.database.read() as connection:
            upload = self._one(connection, upload_id, lock=False)
        _check_pending(upload)
        return upload

    def add_part(self, part: UploadPart) -> None:
        """Add a part, once its bytes are there.

        Those of all parts may be twice the upload's: a client that does not know whether a part has arrived sends it
        again, and says at the end which one counts. Raises `NotFound` and `InvalidRequest`.
        """
        with self.database.write() as connection:
            upload = self._one(connection, part.upload_id, lock=True)
            _check_pending(upload)
            count, total = connection.execute(
                sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(parts_table.c.bytes), 0)).where(
                    parts_table.c.upload_id == upload.id
                )
            ).one()
            _check_room(upload, part, count, total)
            connection.execute(sa.insert(parts_table).values(**asdict(part)))

    def begin(self, upload_id: str, part_ids: Sequence[str], md5: str | None, *, now: float) -> Joint:
        """What the upload would become of these parts; it does not expire meanwhile.

        The file's id hangs on what was asked: the same request again makes the same file, and a different one cannot
        touch its bytes. An upload that this very request has completed already gives a joint as well. Raises
        `NotFound` and `InvalidRequest`, which names the part that is wrong.
        """
        file_id = derived_id("file-", upload_id, *part_ids, md5 or "")
        with self.database.write() as connection:
            upload = self._one(connection, upload_id, lock=True)
            if _is_done(connection, upload, file_id):
                return Joint(upload, [], file_id, None)
            _check_pending(upload)
            parts = _chosen(connection, upload, part_ids)
            expires_at = max(upload.expires_at, int(now) + _GRACE_S)
            _set(connection, upload_id, file_id=file_id, expires_at=expires_at)
        return Joint(upload, parts, file_id, upload.file_id if upload.file_id != file_id else None)

    def finish(self, upload_id: str, file: StoredFile) -> Upload:
        """Complete an upload, the file's bytes being there. Raises `InvalidRequest` where it ended meanwhile."""
        with self.database.write() as connection:
            upload = self._one(connection, upload_id, lock=True)
            if _is_done(connection, upload, file.id):
                return upload
            _check_pending(upload)
            if upload.file_id != file.id:
                raise InvalidRequest(
                    f"Another request to complete upload '{upload_id}' came after this one, with other parts.",
                    param="part_ids",
                    code="invalid_upload_state",
                )
            insert_file(connection, file)
            _set(connection, upload_id, status="completed")
        return replace(upload, status="completed")

    def cancel(self, upload_id: str) -> Upload:
        """End an upload that is pending. Raises `NotFound` and `InvalidRequest`."""
        with self.database.write() as connection:
            upload = self._one(connection, upload_id, lock=True)
            _check_pending(upload)
            _set(connection, upload_id, status="cancelled")
        return replace(upload, status="cancelled")

    def ended(self, now: float) -> list[Ended]:
        """Those of all projects that have ended, or do so now, and have not been cleared."""
        is_over = sa.and_(table.c.status == "pending", table.c.expires_at <= now)
        is_left = sa.and_(table.c.status != "pending", table.c.is_cleared.is_(False))
        with self.database.read() as connection:
            if connection.execute(sa.select(table.c.id).where(is_over | is_left).limit(1)).first() is None:
                return []
        with self.database.write() as connection:
            connection.execute(sa.update(table).where(is_over).values(status="expired"))
            rows = connection.execute(sa.select(table).where(is_left)).all()
        return [Ended(row.id, row.file_id if row.status != "completed" else None) for row in rows]

    def clear(self, upload_id: str) -> None:
        """Forget the parts of an upload that has ended, once their bytes are gone."""
        with self.database.write() as connection:
            connection.execute(sa.delete(parts_table).where(parts_table.c.upload_id == upload_id))
            _set(connection, upload_id, is_cleared=True)

    def _one(self, connection: sa.Connection, upload_id: str, *, lock: bool) -> Upload:
        query = sa.select(table).where(table.c.id == upload_id, self.is_ours(table.c.project))
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotFound(f"No such Upload object: {upload_id}", param="upload_id", code="upload_not_found")
        return _record(row)


def _check_pending(upload: Upload) -> None:
    if upload.status != "pending":
        why = f" An upload expires {upload.expires_at - upload.created_at} s after it is made."
        raise InvalidRequest(
            f"Upload '{upload.id}' is {upload.status}; only a pending one takes parts, is completed or cancelled."
            + (why if upload.status == "expired" else ""),
            param="upload_id",
            code="invalid_upload_state",
        )


def _check_room(upload: Upload, part: UploadPart, count: int, total: int) -> None:
    """Raise `InvalidRequest` unless the part may be added to so many others, of so many bytes together."""
    if count >= MOST_PARTS:
        raise InvalidRequest(
            f"Upload '{upload.id}' has {count} parts already, and no more are taken. Send larger ones.",
            param="data",
            code="too_many_parts",
        )
    if part.bytes > upload.bytes or total + part.bytes > 2 * upload.bytes:
        raise InvalidRequest(
            f"Upload '{upload.id}' declares {upload.bytes} bytes. This part has {part.bytes}, the parts before it "
            f"{total}. Parts may be sent again, but twice the declared bytes are the most that is kept.",
            param="data",
            code="upload_too_large",
        )


def _is_done(connection: sa.Connection, upload: Upload, file_id: str) -> bool:
    """Whether the upload is completed as this file, and that is still there."""
    if upload.status != "completed" or upload.file_id != file_id:
        return False
    return connection.execute(sa.select(files.c.id).where(files.c.id == file_id)).first() is not None


def _chosen(connection: sa.Connection, upload: Upload, part_ids: Sequence[str]) -> list[UploadPart]:
    """The parts that are named, in the order in which they are. Raises `InvalidRequest`."""
    rows = connection.execute(sa.select(parts_table).where(parts_table.c.upload_id == upload.id))
    known = {row.id: UploadPart(**row._mapping) for row in rows}
    first_places: dict[str, int] = {}
    for place, part_id in enumerate(part_ids):
        if part_id not in known:
            raise InvalidRequest(
                f"Upload '{upload.id}' has no part '{part_id}'.", param=f"part_ids[{place}]", code="part_not_found"
            )
        if part_id in first_places:
            raise InvalidRequest(
                f"Part '{part_id}' is named twice: part_ids[{first_places[part_id]}] is the same.",
                param=f"part_ids[{place}]",
                code="duplicate_part",
            )
        first_places[part_id] = place
    parts = [known[part_id] for part_id in part_ids]
    _check_sum(upload, parts, [part_id for part_id in known if part_id not in first_places])
    return parts


def _check_sum(upload: Upload, parts: Sequence[UploadPart], unnamed: Sequence[str]) -> None:
    total = sum(part.bytes for part in parts)
    if total != upload.bytes:
        left_out = f" Parts that were added and are not named: {', '.join(unnamed[:5])}." if unnamed else ""
        raise InvalidRequest(
            f"The parts have {total} bytes, but upload '{upload.id}' declares {upload.bytes}.{left_out}",
            param="part_ids",
            code="upload_size_mismatch",
        )


def _set(connection: sa.Connection, upload_id: str, **values: Any) -> None:
    connection.execute(sa.update(table).where(table.c.id == upload_id).values(**values))


def _record(row: sa.Row[Any]) -> Upload:
    values = dict(row._mapping)
    del values["is_cleared"]
    return Upload(**values)
