import pytest
import sqlalchemy as sa

from burnish.core.records import Permission
from tests.rows import NOW
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0001 import ROWS as OLD

ROWS = OLD | {name: OLD[name] | {"project": "b"} for name in ("jobs", "models", "files")}
ROWS["keys"] = OLD["keys"] | {"project": "b", "is_admin": True}
ROWS["permissions"] = {"number": 3, "id": "cp_1", "created_at": NOW, "model": "ft:a", "project": "c"}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0002", ROWS)
    assert store.jobs.require("ftjob-a").project == "b"
    assert [(each.name, each.project) for each in store.models.all()] == [("ft:a", "b")]
    assert [(each.id, each.project) for each in store.files.page().items] == [("file-1", "b")]
    assert [(each.project, each.is_admin) for each in store.keys.all()] == [("b", True)]
    assert store.permissions.page("ft:a").items == [Permission("cp_1", NOW, "ft:a", "c")]
    store.close()


def test_what_was_there_before_belongs_to_the_default_project(database_url: str):
    store = filled(database_url, "0001", OLD)
    ours, others = store.of("default"), store.of("b")
    assert [each.id for each in ours.jobs.page().items] == ["ftjob-a"]
    assert [each.name for each in ours.models.all()] == ["ft:a"]
    assert [each.id for each in ours.files.page().items] == ["file-1"]
    assert [(each.project, each.is_admin) for each in store.keys.all()] == [("default", False)]
    assert (others.jobs.page().items, others.models.all(), others.files.page().items) == ([], [], [])
    store.close()


def test_a_later_row_must_say_whose_it_is(database_url: str):
    store = filled(database_url, "0001", OLD)
    with pytest.raises(sa.exc.IntegrityError), store.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO files (number, id, bytes, created_at, filename, purpose) VALUES (9, 'f', 1, 1, 'f', 'batch')"
        )
    store.close()
