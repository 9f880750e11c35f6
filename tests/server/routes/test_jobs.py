import pytest

from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.leaving import Leaving
from tests.door import Door, error_of
from tests.rows import NOW, checkpoint, model


def _claim(door: Door) -> None:
    """What the worker does first."""
    jobs = door.state.store.jobs
    claimed = jobs.claim("w", [JobStatus.VALIDATING_FILES], 60, NOW * 2)
    assert claimed is not None
    jobs.move(claimed.id, JobStatus.QUEUED, now=NOW, attempt=claimed.attempt)
    assert jobs.claim("w", [JobStatus.QUEUED], 60, NOW * 2) is not None


def test_jobs_are_paged_and_filtered_by_metadata(door: Door):
    first = door.create(metadata={"team": "a", "run": ""})
    second = door.create(metadata={"team": "a"})
    third = door.create()
    jobs = door.client.fine_tuning.jobs
    assert [each.id for each in jobs.list(limit=1)] == [third, second, first]
    assert [each.id for each in jobs.list(metadata={"team": "a"})] == [second, first]
    assert [each.id for each in jobs.list(metadata={"run": ""})] == [first]
    assert [each.id for each in jobs.list(extra_query={"metadata": "null"})] == [third]
    assert jobs.list(metadata={"team": "b"}).data == []
    assert error_of(door.http.get("/v1/fine_tuning/jobs?metadata=team")) == (400, "metadata", "invalid_value")


def test_events_are_paged_newest_first(door: Door):
    job = door.create()
    door.state.store.events.append(job, [NewEvent(str(number)) for number in range(5)], now=NOW)
    messages = [event.message for event in door.client.fine_tuning.jobs.list_events(job, limit=2)]
    assert messages == ["4", "3", "2", "1", "0", f"Created fine-tuning job: {job}"]


def test_checkpoints_are_paged_newest_first(door: Door):
    job = door.create()
    _claim(door)
    for step in (1, 2, 3):
        leaving = Leaving(checkpoints=[checkpoint(job, step)], models=[model(job, step)])
        door.state.store.jobs.commit_step(job, 2, step, now=NOW, leaving=leaving)
    pages = door.client.fine_tuning.jobs.checkpoints.list(job, limit=2)
    assert [each.step_number for each in pages] == [3, 2, 1]
    body = door.http.get(f"/v1/fine_tuning/jobs/{job}/checkpoints?limit=2").json()
    assert (body["first_id"], body["last_id"], body["has_more"]) == ("ftckpt_3", "ftckpt_2", True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/events"),
        ("GET", "/checkpoints"),
    ],
)
def test_an_unknown_job_is_a_404(door: Door, method: str, path: str):
    answer = door.http.request(method, f"/v1/fine_tuning/jobs/ftjob-x{path}")
    assert error_of(answer) == (404, "fine_tune_id", "fine_tune_not_found")


def test_a_seed_is_drawn_unless_it_is_given(door: Door):
    jobs = door.client.fine_tuning.jobs
    assert jobs.retrieve(door.create(seed=42)).seed == 42
    seeds = {jobs.retrieve(door.create()).seed for _ in range(3)}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)
