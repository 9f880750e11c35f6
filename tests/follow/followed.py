"""Jobs that are followed, and what happens to them."""

import time
from typing import Any

from burnish.core.following import FollowerKind
from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent
from burnish.store.leaving import Leaving
from burnish.store.store import Store
from tests.rows import NOW, job, job_body

WANDB = {"type": "wandb", "wandb": {"project": "security", "name": None, "entity": "team", "tags": ["mine"]}}


def queued(store: Store, kind: FollowerKind, job_id: str = "ftjob-a", **changes: Any) -> Job:
    """A job that a worker has claimed."""
    request = job_body(integrations=[WANDB])
    new = job(job_id, status=JobStatus.QUEUED, request=request, plan={"total_steps": 4}, **changes)
    store.jobs.insert(new, NewEvent("Created"), followers=[kind])
    claimed = store.jobs.claim("worker", [JobStatus.QUEUED], 1e9, NOW)
    assert claimed is not None
    return claimed


def data(step: int) -> dict[str, Any]:
    """A step's metrics, some of them."""
    graders = [{"name": "exact", "type": "string_check", "train_reward_mean": step / 8}]
    scores = {"train_reward_mean": step / 4, "graders": graders}
    return {"step": step, "total_steps": 4, "scores": scores, "burnish": {"kl_mean": 0.5}}


def commit(store: Store, claimed: Job, *steps: int) -> None:
    """Write steps down as a run does."""
    for step in steps:
        event = NewEvent(f"Step {step}/4", type="metrics", data=data(step))
        leaving = Leaving([event])
        store.jobs.commit_step(claimed.id, claimed.attempt, step, now=NOW + step, leaving=leaving)


def end(store: Store, claimed: Job, status: JobStatus = JobStatus.SUCCEEDED) -> None:
    """End or pause a job."""
    fields: dict[str, Any] = {"fine_tuned_model": "ft:x", "trained_tokens": 64} if status is JobStatus.SUCCEEDED else {}
    leaving = Leaving([NewEvent(f"The job is {status}")])
    attempt = claimed.attempt
    store.jobs.move(claimed.id, status, now=time.time(), attempt=attempt, fields=fields, leaving=leaving)
