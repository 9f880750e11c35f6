"""A job as a row, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypedDict

import sqlalchemy as sa

from burnish.core.job import JobStatus
from burnish.core.records import Desired, Job, JobError, StoredSnapshot


class JobFields(TypedDict, total=False):
    """What a run may change of its job beside the status."""

    hyperparameters: Mapping[str, Any]
    plan: Mapping[str, Any] | None
    estimated_finish: int | None
    fine_tuned_model: str | None
    trained_tokens: int | None
    error: JobError | None
    result_files: tuple[str, ...]
    usage_metrics: Mapping[str, Any] | None
    snapshots: tuple[StoredSnapshot, ...]
    desired: Desired


def job_values(job: Job) -> dict[str, Any]:
    """All columns of a job that nobody holds and that has no events yet."""
    values = asdict(job)
    values["status"] = job.status.value
    values["result_files"] = list(job.result_files)
    values["snapshots"] = [asdict(snapshot) for snapshot in job.snapshots]
    return values | {"worker": None, "lease": None, "events": 0}


def field_values(fields: JobFields) -> dict[str, Any]:
    """The columns that these fields change."""
    values: dict[str, Any] = dict(fields)
    if (error := fields.get("error")) is not None:
        values["error"] = asdict(error)
    if "result_files" in fields:
        values["result_files"] = list(fields["result_files"])
    if "snapshots" in fields:
        values["snapshots"] = [asdict(snapshot) for snapshot in fields["snapshots"]]
    for name in ("hyperparameters", "plan", "usage_metrics"):
        if values.get(name) is not None:
            values[name] = dict(values[name])
    return values


def job_record(row: sa.Row[Any]) -> Job:
    """The job of a row of `jobs`."""
    columns = row._mapping
    return Job(
        id=row.id,
        created_at=row.created_at,
        status=JobStatus(row.status),
        model=row.model,
        request=row.request,
        seed=row.seed,
        training_file=row.training_file,
        validation_file=row.validation_file,
        suffix=row.suffix,
        metadata=columns["metadata"],
        project=row.project,
        hyperparameters=row.hyperparameters,
        desired=row.desired,
        attempt=row.attempt,
        started_at=row.started_at,
        finished_at=row.finished_at,
        estimated_finish=row.estimated_finish,
        fine_tuned_model=row.fine_tuned_model,
        trained_tokens=row.trained_tokens,
        error=JobError(**row.error) if row.error is not None else None,
        result_files=tuple(row.result_files),
        usage_metrics=row.usage_metrics,
        plan=row.plan,
        snapshots=tuple(StoredSnapshot(**snapshot) for snapshot in row.snapshots),
        deaths=row.deaths,
        eval_id=row.eval_id,
        train_eval_id=row.train_eval_id,
    )
