"""What a transaction of a job leaves behind beside the job's own row."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from burnish.core.evaluation import EvalRun
from burnish.core.records import Checkpoint, NewEvent, StoredFile, TunedModel
from burnish.store.checkpoints import delete_checkpoints, insert_checkpoints
from burnish.store.eval_runs import insert_run_of_job
from burnish.store.events import append_events
from burnish.store.files import insert_file
from burnish.store.models import delete_models, insert_models


@dataclass(frozen=True, slots=True)
class Leaving:
    """Events, and whatever else is to be there with them or not at all."""

    events: Sequence[NewEvent] = ()
    checkpoints: Sequence[Checkpoint] = ()
    models: Sequence[TunedModel] = ()
    files: Sequence[StoredFile] = ()
    dropped_checkpoints: Sequence[Checkpoint] = ()
    """Superseded ones: their rows and those of their models go; the caller deletes the bytes afterwards."""
    eval_runs: Sequence[EvalRun] = ()
    """Of the job's evals."""


def leave(connection: sa.Connection, job_id: str, leaving: Leaving, now: float) -> None:
    """Write it."""
    append_events(connection, job_id, leaving.events, now=now)
    insert_checkpoints(connection, leaving.checkpoints)
    insert_models(connection, leaving.models)
    for file in leaving.files:
        insert_file(connection, file)
    delete_checkpoints(connection, [checkpoint.id for checkpoint in leaving.dropped_checkpoints])
    delete_models(connection, [checkpoint.model for checkpoint in leaving.dropped_checkpoints])
    for run in leaving.eval_runs:
        insert_run_of_job(connection, run)
