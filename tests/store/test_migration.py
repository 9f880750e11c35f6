import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from burnish.core.errors import BurnishError
from burnish.core.records import NewEvent
from burnish.store.database import Database, open_database, revision
from burnish.store.migration import SCRIPTS, configuration, differences, upgrade
from burnish.store.store import store_at
from burnish.store.tables import REVISION, schema
from tests.rows import NOW, job

NEXT = '''"""A next revision, as may come: a table that others refer to gains, changes and loses a column."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{newest}"


def upgrade():
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("colour", sa.String, nullable=False, server_default="default"))
        table.alter_column("suffix", type_=sa.Text)
        table.drop_column("estimated_finish")
'''


@pytest.fixture
def empty(database_url: str):
    """A database without any table."""
    database = open_database(database_url)
    with database.change() as connection:
        schema.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    yield database
    database.engine.dispose()


def _migrate(database: Database, to: str, scripts: Path = SCRIPTS) -> None:
    with database.change() as connection:
        command.upgrade(configuration(connection, scripts), to)


def test_the_scripts_make_the_tables_that_the_code_knows(empty: Database):
    _migrate(empty, "head")
    with empty.read() as connection:
        assert differences(connection) == []
        assert revision(connection) == REVISION


def test_a_new_database_is_what_the_scripts_would_have_made(database_url: str):
    database = open_database(database_url)
    with database.read() as connection:
        assert differences(connection) == []
        assert revision(connection) == REVISION
    database.engine.dispose()


def test_the_newest_script_is_the_revision_of_the_code():
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [REVISION]


def test_a_filled_database_is_upgraded_without_loss(database_url: str, tmp_path: Path):
    store = store_at(database_url)
    for name in ("ftjob-a", "ftjob-b"):
        store.jobs.insert(job(name, metadata={"team": "a"}, suffix=name), NewEvent("created"))
    store.events.append("ftjob-a", [NewEvent("more", data={"n": 1})], now=NOW)
    before = [store.events.all(name) for name in ("ftjob-a", "ftjob-b")]
    scripts = tmp_path / "100%"
    shutil.copytree(SCRIPTS, scripts)
    (scripts / "versions" / "next.py").write_text(NEXT.format(newest=REVISION))
    with store.database.change() as connection:
        upgrade(connection, scripts)
    with store.database.read() as connection:
        assert revision(connection) == "next"
        assert connection.execute(sa.text("SELECT id, colour, suffix FROM jobs ORDER BY number")).all() == [
            ("ftjob-a", "default", "ftjob-a"),
            ("ftjob-b", "default", "ftjob-b"),
        ]
        assert connection.execute(sa.text("SELECT count(*) FROM job_metadata")).scalar() == 2
        assert differences(connection) == ["jobs"]
    assert [store.events.all(name) for name in ("ftjob-a", "ftjob-b")] == before
    with pytest.raises(sa.exc.IntegrityError), store.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO job_steps (job_id, step, committed_at) VALUES ('nowhere', 1, 1)")
    store.close()


def test_an_upgrade_that_fails_changes_nothing(database_url: str, tmp_path: Path):
    store = store_at(database_url)
    store.jobs.insert(job("ftjob-a"), NewEvent("created"))
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    broken = NEXT.format(newest=REVISION) + "    raise ZeroDivisionError\n"
    (tmp_path / "scripts" / "versions" / "next.py").write_text(broken)
    with pytest.raises(ZeroDivisionError), store.database.change() as connection:
        upgrade(connection, tmp_path / "scripts")
    with store.database.read() as connection:
        assert revision(connection) == REVISION
        assert differences(connection) == []
    assert store.jobs.get("ftjob-a") == job("ftjob-a")
    store.close()


def test_a_database_of_a_newer_burnish_is_refused(database_url: str):
    database = open_database(database_url)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.engine.dispose()
    with pytest.raises(BurnishError, match=f"revision '9999' of the tables; .* up to '{REVISION}'. A newer Burnish"):
        open_database(database_url)


def test_tables_without_a_revision_are_adopted_if_they_are_todays(database_url: str):
    store = store_at(database_url)
    store.jobs.insert(job("ftjob-a"), NewEvent("created"))
    with store.database.change() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    store.close()
    again = store_at(database_url)
    assert again.jobs.get("ftjob-a") == job("ftjob-a")
    with again.database.read() as connection:
        assert revision(connection) == REVISION
    again.close()


@pytest.mark.parametrize("statement", ["DROP TABLE grades", "ALTER TABLE grades ADD COLUMN odd INTEGER"])
def test_other_tables_without_a_revision_are_refused(database_url: str, statement: str):
    database = open_database(database_url)
    with database.change() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
        connection.exec_driver_sql(statement)
    database.engine.dispose()
    with pytest.raises(BurnishError, match=f"not those of revision '{REVISION}': grades."):
        open_database(database_url)
