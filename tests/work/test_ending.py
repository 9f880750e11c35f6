import csv
import io
import time
from pathlib import Path

import pytest

from burnish.core.errors import JobFailure
from burnish.core.job import JobStatus
from burnish.core.records import Checkpoint, Job, NewEvent, TunedModel
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.leaving import Leaving
from burnish.store.store import open_store
from burnish.work.ending import Ending
from tests.work.made import job

FAILURE = JobFailure("The run is out of luck.", code="server_error")
FIGURES = {
    "train_mean_reward": 0.5,
    "completion_tokens_mean": 3.0,
    "reasoning_tokens_mean": 0.0,
    "mean_unresponsive_rewards": 0.0,
    "errors": {"graders": []},
}


@pytest.fixture
def ending(tmp_path: Path) -> Ending:
    """Of a job that has two steps and no checkpoint."""
    settings = Settings(data_dir=tmp_path)
    store, blobs = open_store(settings), open_blobs(settings)
    store.jobs.insert(job(status=JobStatus.QUEUED, project="research"), NewEvent("Created"))
    claimed = store.jobs.claim("worker", [JobStatus.QUEUED], 60, time.time())
    assert claimed is not None
    for step in (1, 2):
        metrics = NewEvent(f"Step {step}", type="metrics", data={"step": step, **FIGURES})
        store.jobs.commit_step("ftjob-1", claimed.attempt, step, now=time.time(), leaving=Leaving([metrics]))
        blobs.put(f"rollouts/ftjob-1/{step:06d}.jsonl", b'{"step": %d}\n' % step)
    return Ending(claimed, store, blobs)


def with_checkpoints(ending: Ending, *steps: int) -> None:
    models = [
        TunedModel(f"ft:step-{step}", 1000, "base", "ftjob-1", step, "x", "lora", "none", "research") for step in steps
    ]
    checkpoints = [Checkpoint(f"ftckpt_{each.step}", "ftjob-1", 1000, each.step, each.name, {}) for each in models]
    leaving = Leaving(checkpoints=checkpoints, models=models)
    ending.store.jobs.update("ftjob-1", ending.job.attempt, now=time.time(), leaving=leaving)


def found(ending: Ending) -> Job:
    return ending.store.jobs.require("ftjob-1")


def test_results_are_the_table_of_steps_and_all_answers_in_their_order(ending: Ending):
    table, answers = ending.results(2000.0)
    assert (table.filename, answers.filename) == ("ftjob-1-results.csv", "ftjob-1-rollouts.jsonl")
    assert {(each.project, each.purpose) for each in (table, answers)} == {("research", "fine-tune-results")}
    rows = list(csv.DictReader(io.StringIO(ending.blobs.get(f"files/{table.id}").decode())))
    assert [row["step"] for row in rows] == ["1", "2"]
    assert ending.blobs.get(f"files/{answers.id}") == b'{"step": 1}\n{"step": 2}\n'
    assert answers.bytes == 24
    assert [each.id for each in ending.results(3000.0)] == [table.id, answers.id]


def test_a_job_without_a_checkpoint_fails_with_the_reason(ending: Ending):
    ending.fail(FAILURE)
    assert found(ending).status is JobStatus.FAILED
    error = found(ending).error
    assert error is not None
    assert (error.code, error.message) == ("server_error", "The run is out of luck.")


def test_a_job_with_checkpoints_ends_with_the_latest_one(ending: Ending):
    with_checkpoints(ending, 2, 1)
    ending.fail(FAILURE)
    done = found(ending)
    assert (done.status, done.fine_tuned_model, done.error) == (JobStatus.SUCCEEDED, "ft:step-2", None)
    assert len(done.result_files) == 2
    told = [(event.level, event.message) for event in ending.store.events.all("ftjob-1")[-3:]]
    assert told == [
        ("error", "The run is out of luck."),
        ("warn", "The run failed; its latest checkpoint, of step 2, is the job's model"),
        ("info", "New fine-tuned model created: ft:step-2"),
    ]


def test_a_job_that_ended_meanwhile_is_left_alone(ending: Ending):
    ending.store.jobs.cancel("ftjob-1", now=time.time())
    ending.fail(FAILURE)
    assert found(ending).status is JobStatus.CANCELLED
