"""Bytes by path: a directory, or S3, GCS or Azure by a URL, all through obstore.

Whatever keeps the bytes from being read or written (a full disk, a read-only one, no connection) is a
`StoreUnavailable`.
"""

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from burnish.core.errors import BurnishError, NotFound, StoreUnavailable
from burnish.settings import Settings

TORN_S = 3600.0
"""How long a file that is being written may stay untouched before its writer is given up."""
_CHUNK_BYTES = 4 * 1024 * 1024
_TORN = re.compile(r".+#\d+")
"""How obstore calls what it has not finished writing."""


class Written(NamedTuple):
    """What was put under a path."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Blobs:
    """A place for bytes. Writes are atomic: a path shows the old bytes or the new, never a part."""

    store: Any
    """An obstore store."""

    def put(self, path: str, source: bytes | Path | IO[bytes]) -> Written:
        """Write bytes, a file's or a stream's, in place of what lay there."""
        if isinstance(source, bytes):
            with _available(path):
                obstore.put(self.store, path, source)
            return Written(len(source), hashlib.sha256(source).hexdigest())
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return self.put(path, stream)
        return self.put_pieces(path, iter(lambda: source.read(_CHUNK_BYTES), b""))

    def put_pieces(self, path: str, pieces: Iterable[bytes]) -> Written:
        """Write what comes in pieces, without ever holding all of it. Where they raise, nothing is written."""
        rest = iter(pieces)
        start = [*itertools.islice(rest, 2)]
        if len(start) < 2:
            return self.put(path, b"".join(start))
        size, digest = 0, hashlib.sha256()
        # Not obstore.put, which allows no use of obstore by the iterator that it is handed.
        with _available(path), obstore.open_writer(self.store, path, buffer_size=_CHUNK_BYTES) as out:
            for piece in itertools.chain(start, rest):
                digest.update(piece)
                size += len(piece)
                out.write(piece)
        return Written(size, digest.hexdigest())

    def get(self, path: str) -> bytes:
        """The bytes under a path. Raises `NotFound`."""
        return b"".join(self.stream(path))

    def stream(self, path: str) -> Iterator[bytes]:
        """The bytes under a path, in pieces. Raises `NotFound` before the first."""
        try:
            with _available(path):
                found = obstore.get(self.store, path)
        except FileNotFoundError as error:
            raise NotFound(f"Nothing is stored under '{path}'.", code="blob_not_found") from error

        def chunks() -> Iterator[bytes]:
            with _available(path):
                yield from map(bytes, found.stream(min_chunk_size=_CHUNK_BYTES))

        return chunks()

    def fetch(self, path: str, target: Path) -> Written:
        """Write the bytes under a path into a file, its directory made if need be. Raises `NotFound`."""
        chunks = self.stream(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        size, digest = 0, hashlib.sha256()
        with target.open("wb") as out:
            for chunk in chunks:
                digest.update(chunk)
                size += out.write(chunk)
        return Written(size, digest.hexdigest())

    def has(self, path: str) -> bool:
        """Whether something lies under a path."""
        try:
            with _available(path):
                obstore.head(self.store, path)
        except FileNotFoundError:
            return False
        return True

    def delete(self, path: str) -> None:
        """Remove what lies under a path; nothing there is no error."""
        try:
            with _available(path):
                obstore.delete(self.store, path)
        except FileNotFoundError:
            return

    def paths(self, prefix: str | None = None) -> list[str]:
        """The paths below `prefix/`, sorted; all, without one."""
        with _available(prefix or ""):
            return sorted(entry["path"] for entry in obstore.list(self.store, prefix).collect())

    def bytes_below(self, prefix: str) -> int:
        """How much lies below `prefix/`."""
        with _available(prefix):
            return sum(int(entry["size"]) for entry in obstore.list(self.store, prefix).collect())

    def delete_directory(self, prefix: str) -> None:
        """Remove everything below `prefix/`."""
        for path in self.paths(prefix):
            self.delete(path)

    def sweep(self, now: float) -> None:
        """Remove what a write left that was killed an hour ago or earlier: a file `name#1`, which no other call shows.

        Only a directory has such; an object store forgets unfinished writes by its own rules.
        """
        if not isinstance(self.store, LocalStore) or self.store.prefix is None:
            return
        for path in Path(self.store.prefix).rglob("*#*"):
            with suppress(FileNotFoundError), _available(str(path)):  # another process may have been faster
                if _TORN.fullmatch(path.name) and path.is_file() and now - path.stat().st_mtime > TORN_S:
                    path.unlink()

    def put_directory(self, prefix: str, directory: Path) -> dict[str, str]:
        """Write every file of a directory below `prefix/`; relative path -> sha256."""
        digests = {}
        for file in sorted(path for path in directory.rglob("*") if path.is_file()):
            name = file.relative_to(directory).as_posix()
            digests[name] = self.put(f"{prefix}/{name}", file).sha256
        return digests

    def fetch_directory(self, prefix: str, directory: Path, digests: Mapping[str, str] | None = None) -> list[Path]:
        """Write everything below `prefix/` into a directory, made if need be; the files written.

        With `digests` (relative path -> sha256) the files must be exactly those, with exactly those bytes. Raises
        `NotFound` when nothing lies there and `BurnishError` when it is not what was expected.
        """
        names = {path[len(prefix) + 1 :]: path for path in self.paths(prefix)}
        if not names:
            raise NotFound(f"Nothing is stored under '{prefix}'.", code="blob_not_found")
        if digests is not None and names.keys() != digests.keys():
            odd = ", ".join(sorted(names.keys() ^ digests.keys()))
            raise BurnishError(f"The files stored under '{prefix}' are not those that were written there: {odd}.")
        return [
            self._fetch(path, directory / name, digests[name] if digests is not None else None)
            for name, path in names.items()
        ]

    def _fetch(self, path: str, target: Path, expected: str | None) -> Path:
        written = self.fetch(path, target)
        if expected is not None and written.sha256 != expected:
            raise BurnishError(f"The bytes stored under '{path}' have changed since they were written.")
        return target


def open_blobs(settings: Settings) -> Blobs:
    """The blobs that the settings name; a directory is made if it is not there."""
    if settings.blobs_url is not None:
        return Blobs(from_url(settings.blobs_url))
    return blobs_in(settings.data_dir / "blobs")


def blobs_in(directory: Path) -> Blobs:
    """Blobs in a directory."""
    try:
        return Blobs(LocalStore(str(directory.absolute()), mkdir=True))
    except OSError as error:
        raise StoreUnavailable(f"The blobs' directory {directory} cannot be made: {error}.") from error


@contextmanager
def _available(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:  # obstore's writer raises the latter
        reason = str(error).partition("\n")[0]
        raise StoreUnavailable(f"The bytes under '{path}' cannot be read or written at present: {reason}.") from error
