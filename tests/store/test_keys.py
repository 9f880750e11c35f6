import pytest
import sqlalchemy as sa

from burnish.core.errors import InvalidRequest, NotFound
from burnish.store.store import Store
from tests.rows import NOW


def test_a_key_is_found_by_its_secret_alone(store: Store):
    assert store.keys.exist() is False
    new = store.keys.create("laptop", now=NOW)
    assert store.keys.exist() is True
    assert store.keys.find(new.secret) == new.key
    assert store.keys.find(new.secret + "x") is None
    assert store.keys.find(new.key.prefix) is None


def test_the_secret_is_not_in_the_database(store: Store):
    secret = store.keys.create("laptop", now=NOW).secret
    with store.database.read() as connection:
        rows = str(connection.execute(sa.text("SELECT * FROM keys")).all())
    assert secret not in rows
    assert secret[:11] in rows


def test_a_revoked_key_is_void_but_keeps_the_door_shut(store: Store):
    new = store.keys.create("laptop", now=NOW)
    store.keys.revoke(new.key.id, now=NOW + 1)
    assert store.keys.find(new.secret) is None
    assert store.keys.exist() is True
    assert [key.revoked_at for key in store.keys.all()] == [NOW + 1]
    with pytest.raises(NotFound):
        store.keys.revoke(new.key.id, now=NOW + 2)


def test_a_key_belongs_to_a_project_and_may_be_an_admins(store: Store):
    plain, admin = store.keys.create("a", now=NOW), store.keys.create("b", now=NOW, project="research", is_admin=True)
    assert (plain.key.project, plain.key.is_admin) == ("default", False)
    assert (admin.key.project, admin.key.is_admin) == ("research", True)
    assert store.keys.find(admin.secret) == admin.key


def test_a_project_is_there_from_its_first_key_on_and_outlives_it(store: Store):
    assert store.keys.projects() == {"default"}
    new = store.keys.create("a", now=NOW, project="research")
    store.keys.revoke(new.key.id, now=NOW)
    assert store.keys.projects() == {"default", "research"}


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a/b", "é", "a" * 65, "a\n"])
def test_what_is_no_name_makes_no_project(store: Store, name: str):
    with pytest.raises(InvalidRequest, match="cannot be a project's name"):
        store.keys.create("a", now=NOW, project=name)
    assert store.keys.all() == []
