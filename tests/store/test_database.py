import multiprocessing
import subprocess
import sys

import pytest
import sqlalchemy as sa

from burnish.core.errors import BurnishError
from burnish.core.records import NewEvent
from burnish.store.database import open_database, revision
from burnish.store.files import insert_file
from burnish.store.store import store_at
from burnish.store.tables import REVISION, files
from tests.claimants import open_and_insert
from tests.rows import file, job


def _insert(connection: sa.Connection, file_id: str) -> None:
    insert_file(connection, file(file_id))


def test_a_failed_transaction_leaves_nothing(database_url: str):
    database = open_database(database_url)
    with pytest.raises(RuntimeError), database.write() as connection:
        _insert(connection, "file-1")
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute(sa.select(files.c.id)).all() == []
    database.engine.dispose()


def test_a_reader_sees_one_state_of_the_rows(database_url: str):
    database = open_database(database_url)
    count = sa.select(sa.func.count()).select_from(files)
    with database.read() as reading:
        assert reading.execute(count).scalar() == 0
        with database.write() as writing:
            _insert(writing, "file-1")
        assert reading.execute(count).scalar() == 0
    with database.read() as reading:
        assert reading.execute(count).scalar() == 1
    database.engine.dispose()


def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/rows.db")
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.engine.dispose()


def test_many_processes_may_open_a_new_database_at_once(database_url: str):
    processes = multiprocessing.get_context("spawn")
    started = [processes.Process(target=open_and_insert, args=(database_url, f"file-{number}")) for number in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
    database = open_database(database_url)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(files)).scalar() == 4
        assert revision(connection) == REVISION
    database.engine.dispose()


def test_a_change_that_leaves_rows_without_their_job_is_taken_back(database_url: str):
    database = open_database(database_url)
    orphan = "INSERT INTO job_steps (job_id, step, committed_at) VALUES ('ftjob-nowhere', 1, 1)"
    with pytest.raises((BurnishError, sa.exc.IntegrityError)), database.change() as connection:
        connection.exec_driver_sql(orphan)
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.exec_driver_sql(orphan)
    database.engine.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://ann@localhost/burnish", "names 'mysql'; Burnish keeps its rows in sqlite or postgresql"),
        ("postgresql+pg8000://ann@localhost/burnish", r"needs the package 'pg8000': pip install 'burnish\[postgres\]'"),
    ],
)
def test_a_database_that_cannot_be_spoken_to_is_refused(url: str, message: str):
    with pytest.raises(BurnishError, match=message):
        open_database(url)


def test_a_start_without_work_does_not_load_alembic(tmp_path):
    url = f"sqlite:///{tmp_path}/rows.db"
    code = f"import sys; from burnish.store.store import store_at; store_at({url!r}); print('alembic' in sys.modules)"
    for _ in ("the first", "the second"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "False\n"


def test_no_number_is_stored_that_is_none(database_url: str):
    store = store_at(database_url)
    with pytest.raises((sa.exc.StatementError, ValueError), match="not JSON compliant"):
        store.jobs.insert(job("ftjob-a"), NewEvent("created", data={"loss": float("nan")}))
    assert store.jobs.get("ftjob-a") is None
    store.close()
