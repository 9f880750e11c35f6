import dataclasses

from burnish.core.job import JobStatus
from burnish.core.records import Job, JobError, NewEvent
from burnish.store.job_rows import field_values
from burnish.store.store import Store
from tests.rows import job

FULL = job(
    "ftjob-full",
    status=JobStatus.FAILED,
    metadata={"team": "a"},
    suffix="s",
    desired="cancel",
    attempt=3,
    started_at=1,
    finished_at=2,
    estimated_finish=3,
    fine_tuned_model="ft:x",
    trained_tokens=2**40,
    error=JobError("c", "m", None),
    result_files=("file-1", "file-2"),
    usage_metrics={"seconds": 1.5},
    plan={"seed": 1},
    eval_id="eval_1",
    train_eval_id="eval_2",
)


def test_every_field_of_a_job_survives_the_row(store: Store):
    empty = {field.name for field in dataclasses.fields(Job) if getattr(FULL, field.name) is None}
    assert empty == set(), "the example must fill every field"
    store.jobs.insert(FULL, NewEvent("created"))
    assert store.jobs.get("ftjob-full") == FULL


def test_fields_become_columns_of_plain_json():
    values = field_values({"error": JobError("c", "m", "p"), "result_files": ("f",), "plan": None})
    assert values == {"error": {"code": "c", "message": "m", "param": "p"}, "result_files": ["f"], "plan": None}
    assert field_values({}) == {}
