import json
from typing import Any

from burnish.core.job import JobStatus
from burnish.core.records import StoredSnapshot
from burnish.core.rollout import SampleKey
from tests.store.migrations.filled import filled

ROWS: dict[str, dict[str, Any]] = {
    "jobs": {
        "number": 5,
        "id": "ftjob-a",
        "created_at": 1_800_000_000,
        "status": "running",
        "model": "burnish-starter",
        "request": '{"model": "burnish-starter"}',
        "seed": 7,
        "training_file": "file-1",
        "suffix": "mine",
        "metadata": '{"team": "a"}',
        "hyperparameters": '{"n_epochs": 2}',
        "desired": "run",
        "attempt": 3,
        "trained_tokens": 1_099_511_627_776,
        "result_files": "[]",
        "plan": '{"total_steps": 9}',
        "snapshots": '[{"step": 2, "trained_tokens": 9, "files": {"weights": "d1"}, "fingerprint": "here"}]',
        "deaths": 1,
        "worker": "w",
        "lease": 1_800_000_060.25,
        "events": 1,
    },
    "job_metadata": {"job_id": "ftjob-a", "key": "team", "value": "a"},
    "job_steps": {"job_id": "ftjob-a", "step": 2, "committed_at": 1_800_000_001},
    "events": {
        "job_id": "ftjob-a",
        "number": 1,
        "id": "ftevent-1",
        "created_at": 1_800_000_000,
        "level": "info",
        "message": "created",
        "type": "metrics",
        "data": '{"step": 2}',
    },
    "checkpoints": {
        "id": "ftckpt_2",
        "job_id": "ftjob-a",
        "created_at": 1_800_000_001,
        "step": 2,
        "model": "ft:a",
        "metrics": '{"step": 2}',
    },
    "models": {
        "name": "ft:a",
        "created_at": 1_800_000_001,
        "base": "burnish-starter",
        "job_id": "ftjob-a",
        "step": 2,
        "blob": "models/ft_a",
        "kind": "lora",
        "reasoning_effort": "medium",
    },
    "files": {
        "number": 1,
        "id": "file-1",
        "bytes": 2,
        "created_at": 1_800_000_000,
        "filename": "rows.jsonl",
        "purpose": "fine-tune",
    },
    "keys": {"id": "key_1", "name": "laptop", "prefix": "sk-12345678", "digest": "d", "created_at": 1_800_000_000},
    "grades": {
        "job": "ftjob-a",
        "phase": "train",
        "step": 1,
        "line": 1,
        "sample": 0,
        "turn": 0,
        "digest": "d",
        "grade": json.dumps(
            {"name": "n", "type": "multi", "score": 0.1, "faults": [], "parts": {}, "usage": {}, "model": None}
            | {"seconds": 0.5}
        ),
    },
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0001", ROWS)
    job = store.jobs.require("ftjob-a")
    assert (job.status, job.attempt, job.trained_tokens, job.deaths) == (JobStatus.RUNNING, 3, 2**40, 1)
    assert (job.metadata, job.plan, job.error) == ({"team": "a"}, {"total_steps": 9}, None)
    assert job.snapshots == (StoredSnapshot(2, 9, {"weights": "d1"}, "here"),)
    assert [each.id for each in store.jobs.page(metadata={"team": "a"}).items] == ["ftjob-a"]
    assert store.jobs.last_step("ftjob-a") == 2
    assert [(each.message, each.data) for each in store.events.all("ftjob-a")] == [("created", {"step": 2})]
    assert [each.metrics for each in store.checkpoints.all("ftjob-a")] == [{"step": 2}]
    assert [each.blob for each in store.models.all()] == ["models/ft_a"]
    assert [each.filename for each in store.files.page().items] == ["rows.jsonl"]
    assert [each.prefix for each in store.keys.all()] == ["sk-12345678"]
    grade = store.grades.get(SampleKey("ftjob-a", "train", 1, 1, 0), "d")
    assert grade is not None
    assert (grade.grade.score, grade.grade.seconds) == (0.1, 0.5)
    store.close()
