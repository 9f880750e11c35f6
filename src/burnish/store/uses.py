"""What still needs a file or a model, and so keeps it from being deleted."""

from collections.abc import Sequence

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest
from burnish.core.evaluation import RunStatus
from burnish.core.job import JobStatus
from burnish.core.records import TunedModel
from burnish.store.tables import eval_runs, jobs, permissions

UNFINISHED = jobs.c.status.not_in([status.value for status in JobStatus if status.is_final])
"""The condition that a job has not ended."""
RUN_UNFINISHED = eval_runs.c.status.in_([status.value for status in RunStatus if not status.is_final])
"""The condition that a run of an eval has not ended."""
_NAMED = 5
"""How many of the users are named; the rest is counted."""


def is_needed(file_id: sa.Column[str] | str) -> sa.ColumnElement[bool]:
    """The condition that a job or run which has not ended reads the file; a paused job reads it again."""
    by_run = sa.exists().where(RUN_UNFINISHED, eval_runs.c.file_id == file_id)
    return sa.or_(sa.exists().where(UNFINISHED, _reads(file_id)), by_run)


def check_file_unused(connection: sa.Connection, file_id: str) -> None:
    """Raise `InvalidRequest` that names the jobs and runs which need the file."""
    users = _jobs(connection, _reads(file_id)) + _runs(connection, file_id)
    if users:
        raise InvalidRequest(
            f"File '{file_id}' is in use by {_listed(users)}. Cancel what needs it, or wait for its end.",
            param="id",
            code="file_in_use",
        )


def check_model_unused(connection: sa.Connection, model: TunedModel) -> None:
    """Raise `InvalidRequest` that names the permissions on the model, and its job if that has not ended."""
    granted = sa.select(permissions).where(permissions.c.model == model.name).order_by(permissions.c.number)
    users = [f"permission '{row.id}' of project '{row.project}'" for row in connection.execute(granted)]
    users += _jobs(connection, jobs.c.id == model.job_id)
    if users:
        raise model_in_use(model.name, users)


def model_in_use(name: str, users: Sequence[str]) -> InvalidRequest:
    """The refusal to delete a model that something needs."""
    return InvalidRequest(
        f"The model '{name}' is in use by {_listed(users)}. Remove what uses it first; a job, by cancelling it or "
        "waiting for its end.",
        param="model",
        code="model_in_use",
    )


def _reads(file_id: sa.Column[str] | str) -> sa.ColumnElement[bool]:
    return sa.or_(jobs.c.training_file == file_id, jobs.c.validation_file == file_id)


def _jobs(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[str]:
    found = sa.select(jobs.c.id, jobs.c.status).where(UNFINISHED, condition).order_by(jobs.c.number)
    return [f"job '{row.id}' ({row.status})" for row in connection.execute(found)]


def _runs(connection: sa.Connection, file_id: str) -> list[str]:
    found = sa.select(eval_runs.c.id, eval_runs.c.status).where(RUN_UNFINISHED, eval_runs.c.file_id == file_id)
    return [f"eval run '{row.id}' ({row.status})" for row in connection.execute(found.order_by(eval_runs.c.number))]


def _listed(users: Sequence[str]) -> str:
    more = len(users) - _NAMED
    return ", ".join(users[:_NAMED]) + (f" and {more} more" if more > 0 else "")
