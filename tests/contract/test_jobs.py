"""Fine-tuning jobs through the official client: whole bodies, as JSON."""

import json
import time
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.fine_tuning import ReinforcementHyperparameters, ReinforcementMethod
from openai.types.graders import StringCheckGrader

from burnish.core.job import JobStatus
from burnish.core.records import JobError, NewEvent
from burnish.store.leaving import Leaving
from tests.contract.shape import missing, normal
from tests.door import Door
from tests.rows import GRADER, checkpoint, model, model_name

GUIDE = json.loads((Path(__file__).parent / "guides_job.json").read_text())
AUTO = {
    "n_epochs": "auto",
    "batch_size": "auto",
    "learning_rate_multiplier": "auto",
    "compute_multiplier": "auto",
    "eval_interval": "auto",
    "eval_samples": "auto",
    "reasoning_effort": "default",
}


def _created(**changes: Any) -> dict[str, Any]:
    """The body of a job just created, normalised."""
    return {
        "object": "fine_tuning.job",
        "id": "ftjob-…",
        "model": "burnish-starter",
        "created_at": "…",
        "finished_at": None,
        "fine_tuned_model": None,
        "organization_id": "local",
        "result_files": [],
        "status": "validating_files",
        "validation_file": "file-…",
        "training_file": "file-…",
        "hyperparameters": None,
        "trained_tokens": None,
        "error": {"code": None, "message": None, "param": None},
        "user_provided_suffix": None,
        "seed": 7,
        "estimated_finish": None,
        "integrations": [],
        "method": {
            "type": "reinforcement",
            "reinforcement": {"hyperparameters": AUTO, "grader": GRADER, "response_format": None},
        },
        "metadata": None,
        "usage_metrics": None,
        "eval_id": "eval_…",
        "train_eval_id": "eval_…",
        "shared_with_openai": False,
    } | changes


def test_a_job_is_created_with_every_field(door: Door):
    created = door.client.fine_tuning.jobs.with_raw_response.create(**door.body(seed=7))
    assert created.status_code == 200
    assert normal(created.http_response.json()) == _created()
    job = created.parse()
    assert missing(job) == []
    assert job._request_id is not None
    assert job.error is not None
    assert job.error.code is None
    assert door.client.fine_tuning.jobs.retrieve(job.id).model_dump() == job.model_dump()


def test_the_guides_own_job_is_echoed_as_it_was_sent(door: Door):
    files = {key: door.body()[key] for key in ("training_file", "validation_file")}
    sent = GUIDE | files | {"seed": 7, "suffix": "review", "metadata": {"team": "security"}}
    created = door.client.fine_tuning.jobs.with_raw_response.create(**sent)
    method = json.loads(json.dumps(GUIDE["method"]))
    method["reinforcement"]["hyperparameters"] = AUTO | {"reasoning_effort": "medium"}
    assert normal(created.http_response.json()) == _created(
        model="o4-mini-2025-04-16", method=method, user_provided_suffix="review", metadata={"team": "security"}
    )


def test_the_clients_own_types_make_the_same_job(door: Door):
    grader = StringCheckGrader(**GRADER)
    hyper = ReinforcementHyperparameters(n_epochs=3, learning_rate_multiplier=0.5)
    method = {"type": "reinforcement", "reinforcement": ReinforcementMethod(grader=grader, hyperparameters=hyper)}
    created = door.client.fine_tuning.jobs.with_raw_response.create(**door.body(seed=7, method=method))
    expected = _created()
    expected["method"]["reinforcement"]["hyperparameters"] = AUTO | {"n_epochs": 3, "learning_rate_multiplier": 0.5}
    assert normal(created.http_response.json()) == expected


def test_events_have_the_official_shape(door: Door):
    job = door.create()
    metrics = {"step": 1, "total_steps": 9, "scores": {"train_reward_mean": 0.5}}
    events = [NewEvent("Step 1/9 , train mean reward=0.50", type="metrics", data=metrics)]
    door.state.store.events.append(job, events, now=time.time())
    raw = door.client.fine_tuning.jobs.with_raw_response.list_events(job)
    assert normal(raw.http_response.json()) == {
        "object": "list",
        "data": [
            {
                "object": "fine_tuning.job.event",
                "id": "ftevent-…",
                "created_at": "…",
                "level": "info",
                "message": "Step 1/9 , train mean reward=0.50",
                "type": "metrics",
                "data": metrics,
            },
            {
                "object": "fine_tuning.job.event",
                "id": "ftevent-…",
                "created_at": "…",
                "level": "info",
                "message": "Created fine-tuning job: ftjob-…",
                "type": "message",
                "data": None,
            },
        ],
        "has_more": False,
    }
    assert [missing(event) for event in raw.parse()] == [[], []]


@pytest.fixture
def finished(door: Door) -> str:
    """A job that has run to its end, as its worker leaves it."""
    job = door.create(seed=7)
    jobs, now = door.state.store.jobs, time.time()
    assert jobs.claim("w", [JobStatus.VALIDATING_FILES], 60, now)
    jobs.move(job, JobStatus.QUEUED, now=now, attempt=1)
    assert jobs.claim("w", [JobStatus.QUEUED], 60, now)
    leaving = Leaving(checkpoints=[checkpoint(job, 5)], models=[model(job, 5)])
    jobs.commit_step(job, 2, 5, now=now, fields={"trained_tokens": 4711}, leaving=leaving)
    fields = {
        "hyperparameters": AUTO | {"n_epochs": 4},
        "fine_tuned_model": "ft:burnish-starter:local::abcd1234",
        "result_files": ("file-" + "r" * 24,),
    }
    final = Leaving(models=[model(job, 5, name=fields["fine_tuned_model"])])
    jobs.move(job, JobStatus.SUCCEEDED, now=now, attempt=2, fields=fields, leaving=final)
    return job


def test_a_job_that_succeeded_shows_its_model_its_numbers_and_its_results(door: Door, finished: str):
    body = door.http.get(f"/v1/fine_tuning/jobs/{finished}").json()
    expected = _created(
        status="succeeded",
        finished_at="…",
        fine_tuned_model="ft:burnish-starter:local::abcd1234",
        trained_tokens=4711,
        result_files=["file-…"],
    )
    expected["method"]["reinforcement"]["hyperparameters"] = AUTO | {"n_epochs": 4}
    assert normal(body) == expected
    assert door.client.models.retrieve("ft:burnish-starter:local::abcd1234").object == "model"


def test_checkpoints_have_the_official_shape(door: Door, finished: str):
    raw = door.client.fine_tuning.jobs.checkpoints.with_raw_response.list(finished)
    assert normal(raw.http_response.json()) == {
        "object": "list",
        "data": [
            {
                "object": "fine_tuning.job.checkpoint",
                "id": "ftckpt_5",
                "created_at": "…",
                "fine_tuned_model_checkpoint": model_name(5),
                "step_number": 5,
                "fine_tuning_job_id": "ftjob-…",
                "metrics": {"step": 5},
            }
        ],
        "has_more": False,
        "first_id": "ftckpt_5",
        "last_id": "ftckpt_5",
    }
    assert [missing(each) for each in raw.parse()] == [[]]


def test_a_failed_job_says_why(door: Door):
    job = door.create(seed=7)
    error = JobError("invalid_training_file", "Invalid training file: line 3: …", "training_file")
    door.state.store.jobs.move(job, JobStatus.FAILED, now=time.time(), fields={"error": error})
    found = door.client.fine_tuning.jobs.retrieve(job)
    assert found.status == "failed"
    assert found.error is not None
    assert found.error.model_dump() == {
        "code": "invalid_training_file",
        "message": "Invalid training file: line 3: …",
        "param": "training_file",
    }


def test_the_list_shows_the_same_bodies_as_retrieve(door: Door):
    ids = [door.create(), door.create()]
    body = door.client.fine_tuning.jobs.with_raw_response.list().http_response.json()
    assert body == {
        "object": "list",
        "data": [door.http.get(f"/v1/fine_tuning/jobs/{job}").json() for job in reversed(ids)],
        "has_more": False,
    }


def test_a_paused_and_a_resumed_job_answer_as_jobs(door: Door):
    job = door.create(seed=7)
    for status in (JobStatus.QUEUED, JobStatus.RUNNING):
        door.state.store.jobs.move(job, status, now=time.time())
    paused = door.client.fine_tuning.jobs.with_raw_response.pause(job)
    assert normal(paused.http_response.json()) == _created(status="paused")
    resumed = door.client.fine_tuning.jobs.with_raw_response.resume(job)
    assert normal(resumed.http_response.json()) == _created(status="queued")


@pytest.mark.parametrize(("verb", "rule"), [("pause", "Only a running job"), ("resume", "Only a paused job")])
def test_a_wrong_move_says_from_where_to_where(door: Door, verb: str, rule: str):
    job = door.create(seed=7)
    with pytest.raises(openai.BadRequestError, match=f"'validating_files'. {rule}") as caught:
        getattr(door.client.fine_tuning.jobs, verb)(job)
    assert caught.value.code == "invalid_job_state"


def test_a_cancelled_job_answers_as_a_job(door: Door):
    job = door.create(seed=7)
    raw = door.client.fine_tuning.jobs.with_raw_response.cancel(job)
    assert normal(raw.http_response.json()) == _created(status="cancelled", finished_at="…")
