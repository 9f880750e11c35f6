"""The database, SQLite (WAL) or PostgreSQL: how it is opened, and the kinds of transaction."""

import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.errors import BurnishError
from burnish.store.outage import unavailable
from burnish.store.tables import REVISION, jobs, schema

log = logging.getLogger(__name__)

BUSY_S = 30.0
"""How long SQLite waits for another process's write, unless the URL says otherwise: `sqlite:///rows.db?timeout=5`."""
_SCHEMA_LOCK = 7_260_914
"""Any fixed number: PostgreSQL's advisory lock while the tables are made or changed."""
_versions = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


@dataclass(frozen=True, slots=True)
class Database:
    """An engine, and how to read and write through it.

    Every transaction raises `StoreUnavailable` where the database cannot be reached, read or written at present.
    """

    engine: sa.Engine

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the rows."""
        options = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._connection(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that may write. SQLite's takes the write lock at its start.

        A transaction that reads first and writes later would fail there at once, without waiting, when another
        process wrote in between.
        """
        with self._connection(burnish_write=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def hold(self) -> Iterator[None]:
        """No job is written to while this lasts: whoever wants to waits."""
        with self.write() as connection:
            if not self._is_sqlite:
                connection.exec_driver_sql(f"LOCK TABLE {jobs.name} IN SHARE MODE")
            yield

    @contextmanager
    def change(self) -> Iterator[sa.Connection]:
        """A transaction that may change the tables; there is one at a time, in all processes.

        SQLite changes a table by copying it and dropping the old one, which would take along the rows that refer to
        it: its foreign keys are looked after at the end.
        """
        with self._connection(burnish_write=True) as connection:
            if self._is_sqlite:
                connection.connection.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    if not self._is_sqlite:
                        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
                    yield connection
                    if self._is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                        raise BurnishError(f"The change of the tables would leave rows that refer to nothing: {broken}")
            finally:
                connection.invalidate()  # the next one gets its foreign keys back

    @contextmanager
    def _connection(self, **options: Any) -> Iterator[sa.Connection]:
        with unavailable(self.engine), self.engine.connect().execution_options(**options) as connection:
            yield connection

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"


def open_database(url: str | sa.URL) -> Database:
    """Connect, and make or upgrade the tables where they are not those of today. Safe in several processes at once."""
    database = Database(_engine(sa.make_url(url)))
    try:
        with database.read() as connection:
            is_ready = revision(connection) == REVISION
        if not is_ready:
            _make_ready(database)
    except BaseException:
        database.engine.dispose()
        raise
    return database


def revision(connection: sa.Connection) -> str | None:
    """Which revision of the tables the database holds; None where that is not written down."""
    if not sa.inspect(connection).has_table(_versions.name):
        return None
    found: str | None = connection.execute(sa.select(_versions)).scalar()
    return found


def write_revision(connection: sa.Connection) -> None:
    """Write down that the tables are today's."""
    _versions.create(connection)
    connection.execute(sa.insert(_versions).values(version_num=REVISION))


def _make_ready(database: Database) -> None:
    with database.change() as connection:
        if revision(connection) == REVISION:  # another process was faster
            return
        if {_versions.name, *schema.tables} & set(sa.inspect(connection).get_table_names()):
            from burnish.store.migration import upgrade  # it loads Alembic, which takes its time

            upgrade(connection)
        else:
            schema.create_all(connection)
            write_revision(connection)


def _engine(url: sa.URL) -> sa.Engine:
    match url.get_backend_name():
        case "sqlite":
            return _sqlite_engine(url)
        case "postgresql":
            try:
                return sa.create_engine(url, json_serializer=_json, pool_pre_ping=True)  # it may have been restarted
            except ModuleNotFoundError as error:
                raise BurnishError(
                    f"PostgreSQL needs the package '{error.name}': pip install 'burnish[postgres]', and a database_url "
                    "that begins with postgresql+psycopg://"
                ) from error
        case other:
            raise BurnishError(f"database_url names '{other}'; Burnish keeps its rows in sqlite or postgresql.")


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if "timeout" not in url.query:
        url = url.update_query_dict({"timeout": str(BUSY_S)})
    engine = sa.create_engine(url, json_serializer=_json)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)  # PostgreSQL refuses NaN, and so do those who read our answers


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # our "begin" listener opens transactions, not the driver
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")
    deadline = time.monotonic() + BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:  # the switch does not wait for other processes that switch too
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            log.info("waiting for the write-ahead log")
            time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    is_write = connection.get_execution_options().get("burnish_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
