import dataclasses

import pytest

from burnish.core.job import JobStatus
from burnish.core.records import Event, Job, JobError, NewEvent, StoredFile

JOB = Job(
    id="ftjob-1",
    created_at=1_700_000_000,
    status=JobStatus.VALIDATING_FILES,
    model="burnish-starter",
    request={},
    seed=7,
    training_file="file-1",
    validation_file="file-2",
    suffix=None,
    metadata=None,
    project="default",
    hyperparameters={"n_epochs": "auto"},
)


def test_a_job_begins_unclaimed_wanted_and_without_a_result():
    assert (JOB.desired, JOB.attempt) == ("run", 0)
    assert (JOB.plan, JOB.error, JOB.fine_tuned_model, JOB.result_files) == (None, None, None, ())


def test_a_record_changes_only_by_a_copy():
    with pytest.raises(dataclasses.FrozenInstanceError):
        JOB.status = JobStatus.QUEUED
    failed = dataclasses.replace(
        JOB, status=JobStatus.FAILED, error=JobError("invalid_file", "line 3", "training_file")
    )
    assert (JOB.status, failed.status) == (JobStatus.VALIDATING_FILES, JobStatus.FAILED)
    assert failed.id == JOB.id


def test_records_of_equal_fields_are_equal():
    assert StoredFile("file-1", 3, 0, "a.jsonl", "fine-tune", "default") == StoredFile(
        "file-1", 3, 0, "a.jsonl", "fine-tune", "default", None
    )


def test_a_new_event_becomes_a_stored_one_by_its_own_fields():
    new = NewEvent("Step 1/10", type="metrics", data={"step": 1})
    event = Event("ftevent-1", JOB.id, 1, 0, **dataclasses.asdict(new))
    assert (event.level, event.message, event.type, event.data) == ("info", "Step 1/10", "metrics", {"step": 1})
