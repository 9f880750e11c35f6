"""Which bytes the rows name, and what the rows know of them.

Bytes are there before the row that names them, and go after it has gone: what the rows name now and named before has
been there all the while.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from burnish.store.blobs import Written
from burnish.store.files import file_blob
from burnish.store.places import part_blob, rollouts_blob, snapshot_blob
from burnish.store.tables import files, job_steps, jobs, models, upload_parts, uploads
from burnish.store.uses import UNFINISHED


@dataclass(frozen=True, slots=True)
class Expected:
    """What a row knows of a path's bytes."""

    bytes: int | None = None
    sha256: str | None = None

    def fits(self, written: Written) -> bool:
        """Whether these may be the bytes."""
        return self.bytes in (None, written.bytes) and self.sha256 in (None, written.sha256)


@dataclass(frozen=True, slots=True)
class Named:
    """All that the rows name at one moment."""

    paths: Mapping[str, Expected]
    directories: frozenset[str]
    """Of models: every path below one."""

    def is_within(self, later: "Named") -> bool:
        """Whether all of it is still named."""
        return self.directories <= later.directories and self.paths.items() <= later.paths.items()


def named(connection: sa.Connection) -> Named:
    """What the rows name now: files, models, answers, unfinished jobs' snapshots and pending uploads' parts."""
    paths = {file_blob(row.id): Expected(bytes=row.bytes) for row in connection.execute(sa.select(files))}
    for row in connection.execute(sa.select(job_steps)):
        paths[rollouts_blob(row.job_id, row.step)] = Expected()
    for row in connection.execute(sa.select(jobs.c.id, jobs.c.snapshots).where(UNFINISHED)):
        for snapshot in row.snapshots:
            directory = snapshot_blob(row.id, snapshot["step"])
            paths |= {f"{directory}/{name}": Expected(sha256=digest) for name, digest in snapshot["files"].items()}
    parts = sa.select(upload_parts).join(uploads).where(uploads.c.status == "pending")
    for row in connection.execute(parts):
        paths[part_blob(row.upload_id, row.id)] = Expected(bytes=row.bytes)
    return Named(paths, frozenset(connection.execute(sa.select(models.c.blob)).scalars()))
