import multiprocessing
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from burnish.store.database import files, open_database
from tests.claimants import open_and_insert
from tests.rows import NOW


def _insert(connection: sa.Connection, file_id: str) -> None:
    connection.execute(sa.insert(files).values(id=file_id, bytes=1, created_at=NOW, filename="f", purpose="batch"))


def test_a_failed_transaction_leaves_nothing(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path}/rows.db")
    with pytest.raises(RuntimeError), database.write() as connection:
        _insert(connection, "file-1")
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute(sa.select(files.c.id)).all() == []
    database.engine.dispose()


def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path}/rows.db")
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.engine.dispose()


def test_many_processes_may_open_a_new_database_at_once(tmp_path: Path):
    processes = multiprocessing.get_context("spawn")
    url = f"sqlite:///{tmp_path}/rows.db"
    started = [processes.Process(target=open_and_insert, args=(url, f"file-{number}")) for number in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
    connection = sqlite3.connect(tmp_path / "rows.db")
    assert connection.execute("SELECT count(*) FROM files").fetchone() == (4,)
    connection.close()
