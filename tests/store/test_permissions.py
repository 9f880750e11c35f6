import pytest

from burnish.core.errors import InvalidRequest, NotFound
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.leaving import Leaving
from burnish.store.store import Store
from tests.rows import NOW, checkpoint, job, model, model_name

NAME = model_name(1)


@pytest.fixture
def shared(store: Store) -> Store:
    """A model of project `a` that `b` may use."""
    store.models.insert(model("ftjob-a", 1, project="a"))
    store.permissions.create(NAME, ["b"], now=NOW)
    return store


def test_a_permission_shows_a_model_to_its_project_and_to_no_other(shared: Store):
    assert [shared.of(project).models.get(NAME) is not None for project in "abc"] == [True, True, False]
    assert [len(shared.of(project).models.all()) for project in "abc"] == [1, 1, 0]


def test_without_it_the_model_is_gone_again(shared: Store):
    (permission,) = shared.permissions.page(NAME).items
    shared.permissions.delete(NAME, permission.id)
    assert shared.of("b").models.get(NAME) is None
    assert shared.permissions.page(NAME).items == []


def test_a_shared_model_is_not_the_others_to_delete(shared: Store):
    assert shared.of("b").models.delete(NAME) is None
    assert shared.models.get(NAME) is not None


def test_what_was_granted_already_stays_as_it_is(shared: Store):
    (first,) = shared.permissions.page(NAME).items
    again, new = shared.permissions.create(NAME, ["b", "c", "b"], now=NOW + 1)
    assert again == first
    assert (new.project, new.created_at) == ("c", NOW + 1)
    assert shared.permissions.page(NAME).items == [new, again]


def test_all_are_granted_or_none(shared: Store):
    with pytest.raises(InvalidRequest, match="'a' owns") as caught:
        shared.permissions.create(NAME, ["c", "a"], now=NOW)
    assert caught.value.param == "project_ids"
    assert [each.project for each in shared.permissions.page(NAME).items] == ["b"]


def test_permissions_are_paged_either_way_and_by_project(shared: Store):
    shared.permissions.create(NAME, ["c", "d"], now=NOW)
    page = shared.permissions.page(NAME, limit=2)
    assert ([each.project for each in page.items], page.has_more) == (["d", "c"], True)
    assert [each.project for each in shared.permissions.page(NAME, after=page.items[-1].id).items] == ["b"]
    assert [each.project for each in shared.permissions.page(NAME, descending=False).items] == ["b", "c", "d"]
    assert [each.project for each in shared.permissions.page(NAME, project="c").items] == ["c"]


def test_a_model_or_a_permission_that_is_not_there_is_not_found(shared: Store):
    shared.models.insert(model("ftjob-a", 2, project="a"))
    (permission,) = shared.permissions.page(NAME).items
    for call in (
        lambda: shared.permissions.create("ft:x", ["b"], now=NOW),
        lambda: shared.permissions.page("ft:x"),
        lambda: shared.permissions.delete("ft:x", permission.id),
    ):
        with pytest.raises(NotFound) as caught:
            call()
        assert caught.value.code == "model_not_found"
    for model_id, permission_id in ((NAME, "cp_x"), (model_name(2), permission.id)):
        with pytest.raises(NotFound) as caught:
            shared.permissions.delete(model_id, permission_id)
        assert caught.value.code == "permission_not_found"


def test_a_superseded_checkpoint_takes_its_permissions_along(store: Store):
    store.jobs.insert(job("ftjob-a", project="a", status=JobStatus.QUEUED), NewEvent("created"))
    store.jobs.move("ftjob-a", JobStatus.RUNNING, now=NOW)
    made = Leaving(checkpoints=[checkpoint("ftjob-a", 1)], models=[model("ftjob-a", 1, project="a")])
    store.jobs.commit_step("ftjob-a", 0, 1, now=NOW, leaving=made)
    store.permissions.create(NAME, ["b"], now=NOW)
    store.jobs.commit_step("ftjob-a", 0, 2, now=NOW, leaving=Leaving(dropped_checkpoints=made.checkpoints))
    assert store.of("b").models.all() == []
    with pytest.raises(NotFound):
        store.permissions.page(NAME)
