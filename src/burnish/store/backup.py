"""A consistent copy of rows and bytes, made while jobs run, and the way back.

A backup is a directory: `rows.db` holds all rows as SQLite, whichever database they come from; `blobs/` the bytes that
these rows name; `backup.json` the size and the sha256 of everything. Its rows are those of one moment. The bytes that
they name are copied right after it; where a job or a user has dropped some meanwhile, a later moment is taken and
whatever is new copied. Jobs whose steps are faster than that wait for the last turns, in which little is left to copy.
"""

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from burnish.core.errors import BurnishError, InvalidRequest, NotFound
from burnish.store.blobs import Blobs, Written
from burnish.store.database import Database, open_database
from burnish.store.named import Expected, Named, named
from burnish.store.store import Store
from burnish.store.tables import schema

log = logging.getLogger(__name__)

TURNS = 6
"""How many moments are tried."""
FREE_TURNS = 3
"""In how many of them jobs go on while bytes are copied."""
_ROWS, _BLOBS, _LIST = "rows.db", "blobs", "backup.json"
_ROWS_AT_ONCE = 1000


class Copied(NamedTuple):
    """What was backed up or restored."""

    rows: int
    blobs: int
    bytes: int
    damaged: tuple[str, ...] = ()
    """Paths that the rows name and that the store itself has not, or not with the bytes that were written there."""


def backup(store: Store, blobs: Blobs, target: Path) -> Copied:
    """Copy everything into a new directory, which is there whole or not at all.

    Raises `InvalidRequest` where the directory is there already or the store is empty.
    """
    if target.exists():
        raise InvalidRequest(f"{target} is there already; name a directory that is not.")
    aside = target.with_name(f".{target.name}.burnish-part")
    shutil.rmtree(aside, ignore_errors=True)
    with _told(target):
        try:
            aside.mkdir(parents=True)
            copied = _Backup(store.database, blobs, aside).make()
            aside.rename(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return copied


def restore(source: Path, store: Store, blobs: Blobs) -> Copied:
    """Fill an empty store from a backup, an older Burnish's too: the bytes first, then all rows at once.

    Raises `InvalidRequest` where the store holds something, and `BurnishError` where the backup is not whole.
    """
    with _told(source), tempfile.TemporaryDirectory() as directory:
        listed = _listed(source)
        _check_empty(store.database, blobs)
        own = Path(directory) / _ROWS  # it is upgraded if need be, and the backup stays as it is
        shutil.copyfile(source / _ROWS, own)
        _check(own, listed[_ROWS], source / _ROWS)
        rows = _database(own)
        paths = {name.removeprefix(f"{_BLOBS}/"): written for name, written in listed.items() if name != _ROWS}
        try:
            for path, written in paths.items():
                if blobs.put(path, source / _BLOBS / path) != written:
                    raise _damaged(source / _BLOBS / path)
            with rows.read() as reading, store.database.write() as writing:
                _check_no_rows(writing)
                count = _copy_rows(reading, writing)
                _count_on(writing)
        except BaseException:
            for path in paths:
                blobs.delete(path)
            raise
        finally:
            rows.engine.dispose()
    return Copied(count, len(paths), sum(written.bytes for written in paths.values()))


@dataclass(slots=True)
class _Backup:
    """One that is being made."""

    database: Database
    blobs: Blobs
    directory: Path
    copied: dict[str, Written] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)

    def make(self) -> Copied:
        """Copy until nothing that the rows of a moment name was dropped in the meantime."""
        for turn in range(TURNS):
            with self.database.read() as moment:
                with self.database.hold() if turn >= FREE_TURNS else nullcontext():
                    wanted = named(moment)
                    self._bytes(wanted)
                    is_whole = wanted.is_within(self._named_now())
                if is_whole:
                    return self._finish(self._rows(moment))
            log.info("bytes were dropped while they were copied; taking a later moment", extra={"turn": turn})
        raise BurnishError(f"In {TURNS} turns, some bytes were always dropped before they were copied; try again.")

    def _named_now(self) -> Named:
        with self.database.read() as connection:
            return named(connection)

    def _rows(self, moment: sa.Connection) -> int:
        """All rows of that moment; how many."""
        copy = _database(self.directory / _ROWS)
        try:
            with copy.write() as writing:
                count = _copy_rows(moment, writing)
        finally:
            copy.engine.dispose()
        if count == 0:
            raise InvalidRequest("The store holds nothing; do the settings name the right one?")
        return count

    def _bytes(self, wanted: Named) -> None:
        """Copy what is not there yet, and remove what is no longer named."""
        self.damaged.clear()
        expected = dict(wanted.paths)
        for directory in wanted.directories:
            found = self.blobs.paths(directory)
            expected |= dict.fromkeys(found or [f"{directory}/"], Expected())
        for path in self.copied.keys() - expected.keys():
            del self.copied[path]
            (self.directory / _BLOBS / path).unlink()
        for path, known in expected.items():
            if path not in self.copied or not known.fits(self.copied[path]):
                self._copy(path, known)

    def _copy(self, path: str, known: Expected) -> None:
        try:
            self.copied[path] = self.blobs.fetch(path, self.directory / _BLOBS / path)
        except NotFound:
            self.damaged.add(path)
            return
        if not known.fits(self.copied[path]):
            self.damaged.add(path)

    def _finish(self, rows: int) -> Copied:
        listed = {_ROWS: _written(self.directory / _ROWS)}
        listed |= {f"{_BLOBS}/{path}": self.copied[path] for path in sorted(self.copied)}
        content = {name: written._asdict() for name, written in listed.items()}
        (self.directory / _LIST).write_text(json.dumps(content, indent=1) + "\n")
        size = sum(written.bytes for written in self.copied.values())
        return Copied(rows, len(self.copied), size, tuple(sorted(self.damaged)))


def _copy_rows(source: sa.Connection, target: sa.Connection) -> int:
    """Every row of every table, those first that others refer to; how many."""
    count = 0
    for table in schema.sorted_tables:
        found = source.execute(sa.select(table).execution_options(yield_per=_ROWS_AT_ONCE))
        for part in found.mappings().partitions():
            target.execute(sa.insert(table), [dict(row) for row in part])
            count += len(part)
    return count


def _count_on(connection: sa.Connection) -> None:
    """PostgreSQL counts by itself, not from the highest number there."""
    if connection.dialect.name != "postgresql":
        return
    for table in schema.sorted_tables:
        if (number := table.autoincrement_column) is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, number.name)
            connection.execute(sa.select(sa.func.setval(sequence, sa.func.max(number))))


def _check_empty(database: Database, blobs: Blobs) -> None:
    with database.read() as connection:
        _check_no_rows(connection)
    if paths := blobs.paths():
        raise _not_empty(f"bytes under '{paths[0]}'")


def _check_no_rows(connection: sa.Connection) -> None:
    for table in schema.sorted_tables:
        if connection.execute(sa.select(table).limit(1)).first() is not None:
            raise _not_empty(f"rows in '{table.name}'")


def _not_empty(what: str) -> InvalidRequest:
    return InvalidRequest(f"The store to restore into holds {what}; it must be empty.")


def _listed(source: Path) -> dict[str, Written]:
    """What a backup holds, as it was written."""
    try:
        content = json.loads((source / _LIST).read_text())
    except FileNotFoundError as error:
        raise BurnishError(f"{source} is no backup: it has no {_LIST}.") from error
    return {name: Written(**written) for name, written in content.items()}


def _check(path: Path, written: Written, shown: Path) -> None:
    if _written(path) != written:
        raise _damaged(shown)


def _damaged(path: Path) -> BurnishError:
    return BurnishError(f"{path} is not what was backed up: its size or its sha256 differs. Nothing was restored.")


def _written(path: Path) -> Written:
    with path.open("rb") as stream:
        return Written(path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def _database(path: Path) -> Database:
    return open_database(sa.URL.create("sqlite", database=str(path)))


@contextmanager
def _told(place: Path) -> Iterator[None]:
    """What the file system says, said as ours."""
    try:
        yield
    except OSError as error:
        raise BurnishError(f"The backup {place} cannot be read or written: {error}.") from error
