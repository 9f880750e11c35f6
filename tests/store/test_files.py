from burnish.store.store import Store
from tests.rows import NOW, file


def test_a_file_is_found_as_it_was_stored(store: Store):
    stored = file("file-1", expires_at=NOW + 3600)
    store.files.insert(stored)
    assert store.files.get("file-1") == stored
    assert store.files.get("file-2") is None


def test_files_are_listed_newest_first_or_oldest_first_and_by_purpose(store: Store):
    store.files.insert(file("file-1"))
    store.files.insert(file("file-2", purpose="evals"))
    store.files.insert(file("file-3"))
    assert [each.id for each in store.files.page().items] == ["file-3", "file-2", "file-1"]
    assert [each.id for each in store.files.page(order="asc").items] == ["file-1", "file-2", "file-3"]
    assert [each.id for each in store.files.page(purpose="evals").items] == ["file-2"]


def test_a_file_can_be_deleted_once(store: Store):
    store.files.insert(file("file-1"))
    assert store.files.delete("file-1") is True
    assert store.files.delete("file-1") is False
    assert store.files.get("file-1") is None


def test_only_files_whose_time_has_run_out_expire(store: Store):
    store.files.insert(file("file-forever"))
    store.files.insert(file("file-later", expires_at=NOW + 10))
    store.files.insert(file("file-now", expires_at=NOW))
    assert store.files.expire(NOW) == ["file-now"]
    assert store.files.expire(NOW) == []
    assert [each.id for each in store.files.page().items] == ["file-later", "file-forever"]
