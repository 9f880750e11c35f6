import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from burnish.core.errors import StoreUnavailable
from burnish.core.records import NewEvent
from burnish.store.store import Store, store_at
from tests.postgres import Server
from tests.rows import job


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = store_at(f"sqlite:///{tmp_path}/rows.db?timeout=0.2")
    yield store
    store.close()


@contextlib.contextmanager
def _held(path: Path) -> Iterator[sqlite3.Connection]:
    """SQLite's write lock, held by somebody else."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_a_locked_database_says_so_and_loses_nothing(store: Store, tmp_path: Path):
    store.jobs.insert(job("ftjob-a"), NewEvent("created"))
    with _held(tmp_path / "rows.db"):
        with pytest.raises(StoreUnavailable, match=r"rows\.db is not available \(database is locked\).* waits 0\.2 s"):
            store.jobs.insert(job("ftjob-b"), NewEvent("created"))
        assert store.jobs.get("ftjob-a") == job("ftjob-a")
    store.jobs.insert(job("ftjob-b"), NewEvent("created"))
    assert [each.id for each in store.jobs.page().items] == ["ftjob-b", "ftjob-a"]


def test_a_writer_waits_for_the_one_before_it(tmp_path: Path):
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    with _held(tmp_path / "rows.db") as other:
        writer = threading.Thread(target=lambda: store.jobs.insert(job("ftjob-a"), NewEvent("created")))
        writer.start()
        writer.join(0.2)
        assert store.jobs.get("ftjob-a") is None
        other.execute("ROLLBACK")
        writer.join()
    assert store.jobs.get("ftjob-a") == job("ftjob-a")
    store.close()


def test_a_full_disk_says_so_and_loses_nothing(store: Store):
    store.jobs.insert(job("ftjob-a"), NewEvent("created"))

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=1")

    store.database.engine.dispose()
    sa.event.listen(store.database.engine, "connect", limit)
    large = NewEvent("x" * 100_000)
    with pytest.raises(StoreUnavailable, match=r"disk is full\). Its disk is full\. Make room"):
        store.jobs.insert(job("ftjob-b"), large)
    sa.event.remove(store.database.engine, "connect", limit)
    store.database.engine.dispose()
    assert [each.id for each in store.jobs.page().items] == ["ftjob-a"]
    store.jobs.insert(job("ftjob-b"), large)
    assert len(store.events.all("ftjob-b")) == 1


def test_a_database_whose_directory_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(StoreUnavailable, match="its directory must be there and may be written"):
        store_at(f"sqlite:///{tmp_path}/nowhere/rows.db")


def test_a_server_that_does_not_answer_says_so_without_the_password():
    with pytest.raises(StoreUnavailable) as refused:
        store_at("postgresql+psycopg://ann:secret@127.0.0.1:1/burnish?connect_timeout=2")
    assert "postgresql+psycopg://ann:***@127.0.0.1:1/burnish is not available" in refused.value.message
    assert "secret" not in refused.value.message


def test_connections_that_a_server_has_closed_are_made_anew(postgres: Server):
    store = store_at(postgres.new_database())
    store.jobs.insert(job("ftjob-a"), NewEvent("created"))
    store_of_another = store_at(str(store.database.engine.url))
    with store_of_another.database.write() as connection:
        ours = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"))
    assert store.jobs.get("ftjob-a") == job("ftjob-a")
    for each in (store, store_of_another):
        each.close()


def test_a_statement_that_is_wrong_is_our_own_error(store: Store):
    with pytest.raises(sa.exc.OperationalError, match="no such table"), store.database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")
