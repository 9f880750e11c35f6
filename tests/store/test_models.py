from burnish.store.store import Store
from tests.rows import model, model_name


def test_a_model_is_found_as_it_was_stored(store: Store):
    store.models.insert(model("ftjob-a", 3))
    assert store.models.get(model_name(3)) == model("ftjob-a", 3)
    assert store.models.get("ft:other") is None


def test_models_are_listed_oldest_first(store: Store):
    store.models.insert(model("ftjob-a", 9))
    store.models.insert(model("ftjob-a", 3))
    assert [each.step for each in store.models.all()] == [3, 9]


def test_a_deleted_model_tells_where_its_files_lie_and_whether_another_shares_them(store: Store):
    store.models.insert(model("ftjob-a", 3))
    store.models.insert(model("ftjob-a", 3, name="ft:final"))
    deleted = store.models.delete("ft:final")
    assert deleted is not None
    assert store.models.is_in_use(deleted.blob) is True
    store.models.delete(model_name(3))
    assert store.models.is_in_use(deleted.blob) is False
    assert store.models.delete("ft:final") is None
