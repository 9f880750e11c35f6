from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.leaving import Leaving
from burnish.store.store import Store
from tests.rows import NOW, checkpoint, job, model, model_name


def _three_steps(store: Store) -> None:
    store.jobs.insert(job("ftjob-a", status=JobStatus.QUEUED), NewEvent("created"))
    store.jobs.claim("w", [JobStatus.QUEUED], 60, NOW)
    for step in (2, 4, 6):
        leaving = Leaving(checkpoints=[checkpoint("ftjob-a", step)], models=[model("ftjob-a", step)])
        store.jobs.commit_step("ftjob-a", 1, step, now=NOW, leaving=leaving)


def test_checkpoints_are_paged_highest_step_first(store: Store):
    _three_steps(store)
    page = store.checkpoints.page("ftjob-a", limit=2)
    assert ([each.step for each in page.items], page.has_more) == ([6, 4], True)
    assert store.checkpoints.page("ftjob-a", after=page.items[-1].id).items == [checkpoint("ftjob-a", 2)]
    assert store.checkpoints.page("ftjob-b").items == []


def test_a_superseded_checkpoint_goes_with_its_model(store: Store):
    _three_steps(store)
    leaving = Leaving(dropped_checkpoints=[checkpoint("ftjob-a", 2)])
    store.jobs.commit_step("ftjob-a", 1, 7, now=NOW, leaving=leaving)
    assert [each.step for each in store.checkpoints.all("ftjob-a")] == [4, 6]
    assert store.models.get(model_name(2)) is None
    assert store.models.get(model_name(4)) is not None
