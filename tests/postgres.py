"""A PostgreSQL of the tests' own: started when a test first wants it, and gone with the last one."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

MISSING = "PostgreSQL is not installed: sh scripts/system-packages.sh"
DEBIAN = "/usr/lib/postgresql"
STAND_IN = "nobody"
"""Who runs it where the tests are root's: PostgreSQL refuses root."""
AT_THE_END = 'read -r _; "$0" -D "$1" -m immediate -w stop >/dev/null 2>&1; rm -rf "$2"'
"""Waits until standard input closes, as it does even when the tests are killed."""
OPTIONS = "-c fsync=off -c full_page_writes=off -c max_connections=200 -c listen_addresses=''"


@dataclass(frozen=True)
class Server:
    """A running server."""

    socket: Path
    """The directory of its socket; it listens nowhere else."""
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        """Of its one database."""
        return f"postgresql+psycopg://burnish@/postgres?host={self.socket}"

    def new_database(self) -> str:
        """The URL of an empty schema, which does for a database: it takes a hundredth of the time and of the disk."""
        name = f"test_{next(self._numbers)}"
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        return f"{self.url}&options=-csearch_path%3D{name}"


@contextmanager
def server() -> Iterator[Server]:
    """A new server; skips the test where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip(MISSING)
    directory = Path(tempfile.mkdtemp(prefix="burnish-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(directory, STAND_IN)
    data = directory / "data"
    end = subprocess.Popen(
        ["sh", "-c", AT_THE_END, programs / "pg_ctl", data, directory], stdin=subprocess.PIPE, **_as_stand_in()
    )
    try:
        _run(programs / "initdb", "-D", data, "-U", "burnish", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"{OPTIONS} -k {directory}"
        _run(programs / "pg_ctl", "-D", data, "-l", directory / "log", "-w", "-o", options, "start")
        yield Server(directory)
    finally:
        end.communicate()


def _programs() -> Path | None:
    """The directory of `initdb` and `pg_ctl`; the newest version's, where Debian keeps several."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).parent
    found = sorted(Path(DEBIAN).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _run(program: Path, *arguments: object) -> None:
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **_as_stand_in())
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"


def _as_stand_in() -> dict[str, Any]:
    """How a process of its own is started; out of the directory of the tests, which others may not be let into."""
    session: dict[str, Any] = {"cwd": "/", "start_new_session": True}
    if os.geteuid() != 0:
        return session
    owner = pwd.getpwnam(STAND_IN)
    return session | {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
