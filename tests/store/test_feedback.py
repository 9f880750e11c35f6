import pytest

from burnish.core.errors import InvalidRequest, NotFound
from burnish.store.store import Store
from tests.rows import feedback


@pytest.fixture
def kept(store: Store) -> Store:
    for number in range(3):
        store.feedback.insert(feedback(f"fb_{number}", model=f"m{number % 2}"))
    return store


def test_it_comes_back_as_it_was(kept: Store):
    assert kept.feedback.require("fb_1") == feedback("fb_1", model="m1")


def test_it_is_paged_newest_first_of_one_model_or_all(kept: Store):
    page = kept.feedback.page(limit=2)
    assert ([each.id for each in page.items], page.has_more) == (["fb_2", "fb_1"], True)
    assert [each.id for each in kept.feedback.page(model="m0").items] == ["fb_2", "fb_0"]
    with pytest.raises(InvalidRequest):
        kept.feedback.page(model="m0", after="fb_1")


def test_another_projects_is_not_there(kept: Store):
    other = kept.of("other").feedback
    assert other.page().items == []
    for ask in (other.require, other.delete):
        with pytest.raises(NotFound, match="fb_1"):
            ask("fb_1")


def test_what_was_deleted_is_gone(kept: Store):
    kept.feedback.delete("fb_1")
    with pytest.raises(NotFound):
        kept.feedback.delete("fb_1")
    assert [each.id for each in kept.feedback.page().items] == ["fb_2", "fb_0"]
