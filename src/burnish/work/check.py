"""What happens while a job is `validating_files`: every line, and every item variable of every template."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from burnish.core.errors import InvalidRequest, JobFailure, NotFound
from burnish.core.job import JobStatus
from burnish.core.records import Job, JobError, NewEvent
from burnish.core.rollout import Item
from burnish.grade.check import caveats, check_rows
from burnish.grade.wordnet import open_wordnet
from burnish.settings import Settings
from burnish.spec.dataset import Role, parse_file
from burnish.spec.grader import GraderSpec
from burnish.spec.job import JobRequest
from burnish.store.blobs import Blobs
from burnish.store.leaving import Leaving
from burnish.store.store import Store


@dataclass(frozen=True, slots=True)
class Data:
    """The two datasets, in file order, and what should be known of them."""

    train: tuple[Item, ...]
    valid: tuple[Item, ...]
    warnings: tuple[str, ...] = ()


def validate(job: Job, settings: Settings, store: Store, blobs: Blobs) -> None:
    """Check a job's files and move it to `queued`, or to `failed` with line, key and rule."""
    events = [NewEvent(f"Validating training file: {job.training_file} and validation file: {job.validation_file}")]
    request = JobRequest.model_validate(job.request)
    try:
        data = load(job, request, store, blobs)
    except JobFailure as failure:
        fail(job, failure, store, events)
        return
    has_thesaurus = open_wordnet(settings.grading.wordnet_places) is not None
    warnings = [*data.warnings, *caveats(request.reinforcement.grader, has_thesaurus=has_thesaurus)]
    events += [NewEvent(warning, "warn") for warning in warnings]
    events.append(NewEvent("Files validated, moving job to queued state"))
    store.jobs.move(job.id, JobStatus.QUEUED, now=time.time(), attempt=job.attempt, leaving=Leaving(events))


def load(job: Job, request: JobRequest, store: Store, blobs: Blobs) -> Data:
    """The rows of both files, checked. Raises `JobFailure`."""
    store = store.of(job.project)
    train, warnings = _rows(store, blobs, job.training_file, "training_file", request.reinforcement.grader)
    valid, more = _rows(store, blobs, job.validation_file, "validation_file", request.reinforcement.grader)
    return Data(train, valid, warnings + more)


def fail(job: Job, failure: JobFailure, store: Store, events: Sequence[NewEvent] = ()) -> None:
    """End a job as failed, with the reason in its `error` and, after the events given, in one of its own."""
    error = JobError(failure.code or "server_error", failure.message, failure.param)
    store.jobs.move(
        job.id,
        JobStatus.FAILED,
        now=time.time(),
        attempt=job.attempt,
        fields={"error": error},
        leaving=Leaving([*events, NewEvent(failure.message, "error")]),
    )


def _rows(
    store: Store, blobs: Blobs, file_id: str | None, role: Role, grader: GraderSpec
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    file = store.files.get(file_id) if file_id is not None else None
    if file is None:
        raise JobFailure(f"The {role.replace('_', ' ')} {file_id} has vanished.", param=role, code=f"invalid_{role}")
    try:
        data = blobs.get(f"files/{file.id}")
    except NotFound as error:
        message = f"The bytes of the {role.replace('_', ' ')} {file_id} have vanished."
        raise JobFailure(message, param=role, code=f"invalid_{role}") from error
    items, warnings = parse_file(data, role, file.id)
    try:
        check_rows(grader, items, param=role)
    except InvalidRequest as error:
        raise JobFailure(error.message, param=role, code=f"invalid_{role}") from error
    return items, warnings
