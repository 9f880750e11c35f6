"""What runs leave lying about where they are killed, and how it goes."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from burnish.core.model_name import name_of
from burnish.core.records import Job
from burnish.sandbox import scratch
from burnish.settings import Settings
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.places import SNAPSHOTS, model_blob, snapshots_blob
from burnish.store.store import Store
from burnish.work.ending import result_ids

log = logging.getLogger(__name__)


def run_directory(settings: Settings, job: Job) -> Path:
    """Where a run keeps what is on its way; each attempt has its own."""
    return _runs(settings) / f"{job.id}-{job.attempt}"


def clear(job: Job, settings: Settings, store: Store, blobs: Blobs) -> None:
    """Remove the directories of a run that has ended and of those before it; of a job that has, all that it keeps.

    An earlier run may have been on its way out, and have written still, when a worker that started swept up.
    """
    for directory, job_id, attempt in _directories(settings):
        if job_id == job.id and attempt <= job.attempt:
            shutil.rmtree(directory, ignore_errors=True)
    _forget_if_over(job.id, settings, store, blobs)


def sweep(settings: Settings, store: Store, blobs: Blobs) -> None:
    """The same for every job whose worker died: of runs on this machine that are no longer their job's."""
    for directory, job_id, attempt in _directories(settings):
        job = store.jobs.get(job_id)
        if job is None or job.status.is_final or job.attempt != attempt:
            log.info("removing what a run left", extra={"directory": directory.name})
            shutil.rmtree(directory, ignore_errors=True)
    for job_id in sorted({path.split("/")[1] for path in blobs.paths(SNAPSHOTS)}):
        _forget_if_over(job_id, settings, store, blobs)
    scratch.sweep()


def _runs(settings: Settings) -> Path:
    return settings.data_dir / "runs"


def _directories(settings: Settings) -> Iterator[tuple[Path, str, int]]:
    """Every run's directory, with its job and attempt."""
    runs = _runs(settings)
    for directory in sorted(runs.iterdir()) if runs.is_dir() else []:
        job_id, _, attempt = directory.name.rpartition("-")
        yield directory, job_id, int(attempt)


def _forget_if_over(job_id: str, settings: Settings, store: Store, blobs: Blobs) -> None:
    """A job that has ended repeats no step. Its snapshots go last: they tell that there is something to do."""
    job = store.jobs.get(job_id)
    if job is not None and not job.status.is_final:
        return
    if job is not None:
        _drop_what_no_row_names(job, settings, store, blobs)
    store.grades.forget(job_id)
    blobs.delete_directory(snapshots_blob(job_id))


def _drop_what_no_row_names(job: Job, settings: Settings, store: Store, blobs: Blobs) -> None:
    """Bytes come before their row and go after it: of a run that was killed in between, they are still there."""
    steps = range(job.plan["total_steps"] + 1) if job.plan is not None else ()
    names = {name_of(job, settings.organization, step) for step in (None, *steps)}
    named = {model.name for model in store.models.all() if model.job_id == job.id}
    there = {path.split("/")[1] for path in blobs.paths("models")}
    for prefix in sorted(model_blob(name) for name in names - named):
        if prefix.partition("/")[2] in there:
            blobs.delete_directory(prefix)
    for file_id in result_ids(job.id):
        if store.files.get(file_id) is None:
            blobs.delete(file_blob(file_id))
