import time

import openai
import pytest

from burnish.core.job import JobStatus
from tests.door import Door, error_of


def running(door: Door, lease_s: float = 60) -> str:
    """A job that a worker holds."""
    job, jobs = door.create(), door.state.store.jobs
    claimed = jobs.claim("w", [JobStatus.VALIDATING_FILES], 60, time.time())
    assert claimed is not None
    jobs.move(job, JobStatus.QUEUED, now=time.time(), attempt=claimed.attempt)
    assert jobs.claim("w", [JobStatus.QUEUED], lease_s, time.time()) is not None
    return job


def test_a_running_job_pauses_when_its_worker_has_finished_the_step(door: Door):
    job = running(door)
    assert door.client.fine_tuning.jobs.pause(job).status == "pausing"
    assert door.state.store.jobs.desired(job) == "pause"


def test_a_job_whose_worker_is_dead_is_paused_at_once(door: Door):
    job = running(door, lease_s=-1)
    assert door.client.fine_tuning.jobs.pause(job).status == "paused"


def test_a_paused_job_is_queued_again(door: Door):
    job = running(door, lease_s=-1)
    door.client.fine_tuning.jobs.pause(job)
    assert door.client.fine_tuning.jobs.resume(job).status == "queued"
    assert door.state.store.jobs.desired(job) == "run"


def test_only_a_running_job_can_be_paused_and_only_a_paused_one_resumed(door: Door):
    job, jobs = door.create(), door.client.fine_tuning.jobs
    for verb in (jobs.pause, jobs.resume):
        with pytest.raises(openai.BadRequestError, match="its status is 'validating_files'") as caught:
            verb(job)
        assert caught.value.code == "invalid_job_state"


def test_a_job_is_cancelled_in_any_state_but_a_final_one(door: Door):
    job = door.create()
    jobs = door.client.fine_tuning.jobs
    cancelled = jobs.cancel(job)
    assert cancelled.status == "cancelled"
    assert cancelled.finished_at is not None
    with pytest.raises(openai.BadRequestError, match="ended already"):
        jobs.cancel(job)


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_an_unknown_job_is_a_404(door: Door, verb: str):
    answer = door.http.post(f"/v1/fine_tuning/jobs/ftjob-x/{verb}")
    assert error_of(answer) == (404, "fine_tune_id", "fine_tune_not_found")


def paused(door: Door) -> str:
    job = running(door, lease_s=-1)
    door.client.fine_tuning.jobs.pause(job)
    return job


def test_a_resume_may_grant_another_budget(door: Door):
    budget = {"metadata": {"burnish_budget_tokens": "9000", "burnish_budget_seconds": None}}
    resumed = door.client.fine_tuning.jobs.resume(paused(door), extra_body=budget)
    assert (resumed.status, resumed.metadata) == ("queued", {"burnish_budget_tokens": "9000"})
    found = door.client.fine_tuning.jobs.list(metadata={"burnish_budget_tokens": "9000"})
    assert [job.id for job in found] == [resumed.id]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"team": "security"}, (400, "metadata", "invalid_value")),
        ({"burnish_budget_tokens": "-1"}, (400, "metadata.burnish_budget_tokens", "invalid_value")),
        ({"burnish_budget_usd": "5"}, (400, "metadata.burnish_budget_usd", "invalid_value")),
    ],
)
def test_a_resume_changes_budgets_alone(door: Door, metadata: dict[str, str], expected: tuple[int, str, str]):
    job = paused(door)
    answer = door.http.post(f"/v1/fine_tuning/jobs/{job}/resume", json={"metadata": metadata})
    assert error_of(answer) == expected
    assert door.client.fine_tuning.jobs.retrieve(job).status == "paused"
