from collections.abc import Iterator

import pytest

from burnish.core.errors import InvalidRequest, NotFound
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.leaving import Leaving
from burnish.store.store import Store
from tests.rows import NOW, checkpoint, file, job, model, model_name


@pytest.fixture
def two(store: Store) -> Iterator[Store]:
    """A job with all that hangs on it, a file and a model in the projects `a` and `b` each."""
    for step, project in enumerate("ab", start=1):
        name = f"ftjob-{project}"
        store.jobs.insert(job(name, project=project, status=JobStatus.QUEUED), NewEvent("created"))
        store.jobs.move(name, JobStatus.RUNNING, now=NOW)
        leaving = Leaving(checkpoints=[checkpoint(name, step)], models=[model(name, step, project=project)])
        store.jobs.commit_step(name, 0, step, now=NOW, leaving=leaving)
        store.files.insert(file(f"file-{project}", project=project))
    return store


def test_lists_hold_what_is_of_the_project(two: Store):
    for project in "ab":
        store = two.of(project)
        assert [each.id for each in store.jobs.page().items] == [f"ftjob-{project}"]
        assert [each.id for each in store.files.page().items] == [f"file-{project}"]
        assert [each.project for each in store.models.all()] == [project]
    assert len(two.jobs.page().items) == len(two.files.page().items) == len(two.models.all()) == 2


def test_what_is_another_projects_is_not_there(two: Store):
    store = two.of("a")
    assert store.jobs.get("ftjob-b") is None
    assert store.files.get("file-b") is None
    assert store.models.get(model_name(2)) is None
    assert (store.events.page("ftjob-b").items, store.events.all("ftjob-b")) == ([], [])
    assert (store.checkpoints.page("ftjob-b").items, store.checkpoints.all("ftjob-b")) == ([], [])
    assert len(store.events.all("ftjob-a")) == len(store.checkpoints.all("ftjob-a")) == 1


def test_what_is_another_projects_cannot_be_changed(two: Store):
    store = two.of("a")
    for move in (store.jobs.pause, store.jobs.resume, store.jobs.cancel):
        with pytest.raises(NotFound):
            move("ftjob-b", now=NOW)
    with pytest.raises(NotFound):
        store.jobs.desire("ftjob-b", "cancel")
    assert store.files.delete("file-b") is False
    assert store.models.delete(model_name(2)) is None
    assert two.jobs.require("ftjob-b").status is JobStatus.RUNNING
    assert two.files.get("file-b") is not None
    assert two.models.get(model_name(2)) is not None


def test_a_page_does_not_begin_at_another_projects_row(two: Store):
    unknown = [_refusal(two.of("a").jobs, "ftjob-c"), _refusal(two.of("a").files, "file-c")]
    foreign = [_refusal(two.of("a").jobs, "ftjob-b"), _refusal(two.of("a").files, "file-b")]
    assert [text.replace("-b", "-c") for text in foreign] == unknown


def _refusal(table, after: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        table.page(after=after)
    return caught.value.message
