import pytest
import sqlalchemy as sa

from burnish.core.errors import NotFound
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
