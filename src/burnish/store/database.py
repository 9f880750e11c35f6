"""The database: its tables, how it is opened, and the two kinds of transaction.

The same statements run on SQLite (WAL) and PostgreSQL. `number` columns give the order of rows: times are whole
seconds, too coarse to page by.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

log = logging.getLogger(__name__)

_BUSY_S = 30.0
_SCHEMA_LOCK = 7_260_914
"""Any fixed number: PostgreSQL's advisory lock while the tables are made."""

schema = sa.MetaData()
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Json = sa.JSON(none_as_null=True)

jobs = sa.Table(
    "jobs",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("request", _Json, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("training_file", sa.String, nullable=False),
    sa.Column("validation_file", sa.String),
    sa.Column("suffix", sa.String),
    sa.Column("metadata", _Json),
    sa.Column("hyperparameters", _Json, nullable=False),
    sa.Column("desired", sa.String, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("estimated_finish", sa.BigInteger),
    sa.Column("fine_tuned_model", sa.String),
    sa.Column("trained_tokens", sa.BigInteger),
    sa.Column("error", _Json),
    sa.Column("result_files", _Json, nullable=False),
    sa.Column("usage_metrics", _Json),
    sa.Column("plan", _Json),
    sa.Column("worker", sa.String),
    sa.Column("lease", sa.Double),
    sa.Column("events", sa.Integer, nullable=False),
)
job_metadata = sa.Table(
    "job_metadata",
    schema,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
job_steps = sa.Table(
    "job_steps",
    schema,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("committed_at", sa.BigInteger, nullable=False),
)
events = sa.Table(
    "events",
    schema,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("level", sa.String, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("data", _Json),
)
checkpoints = sa.Table(
    "checkpoints",
    schema,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("metrics", _Json, nullable=False),
    sa.UniqueConstraint("job_id", "step"),
)
models = sa.Table(
    "models",
    schema,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("base", sa.String, nullable=False),
    sa.Column("job_id", sa.String, nullable=False, index=True),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("blob", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("reasoning_effort", sa.String, nullable=False),
)
files = sa.Table(
    "files",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("filename", sa.String, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("expires_at", sa.BigInteger, index=True),
)
keys = sa.Table(
    "keys",
    schema,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("prefix", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
)
grades = sa.Table(
    "grades",
    schema,
    sa.Column("job", sa.String, primary_key=True),
    sa.Column("phase", sa.String, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("sample", sa.Integer, primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("grade", _Json, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Database:
    """An engine, and how to read and write through it."""

    engine: sa.Engine

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the rows."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that may write. SQLite's takes the write lock at its start.

        A transaction that reads first and writes later would fail there at once, without waiting, when another
        process wrote in between.
        """
        with self.engine.connect().execution_options(burnish_write=True) as connection, connection.begin():
            yield connection


def open_database(url: str | sa.URL) -> Database:
    """Connect, and make the tables that are not there. Safe in several processes at once."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    database = Database(engine)
    with database.write() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        schema.create_all(connection)
    return database


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # our "begin" listener opens transactions, not the driver
    connection.execute(f"PRAGMA busy_timeout={int(_BUSY_S * 1000)}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")
    deadline = time.monotonic() + _BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:  # the switch does not wait for other processes that switch too
            if time.monotonic() > deadline:
                raise
            log.info("waiting for the write-ahead log")
            time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    is_write = connection.get_execution_options().get("burnish_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
