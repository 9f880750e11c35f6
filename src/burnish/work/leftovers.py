"""What runs leave lying about where they are killed, and how it goes."""

import logging
import shutil
from pathlib import Path

from burnish.core.records import Job
from burnish.settings import Settings
from burnish.store.blobs import Blobs
from burnish.store.places import SNAPSHOTS, snapshots_blob
from burnish.store.store import Store

log = logging.getLogger(__name__)


def run_directory(settings: Settings, job: Job) -> Path:
    """Where a run keeps what is on its way; each attempt has its own."""
    return _runs(settings) / f"{job.id}-{job.attempt}"


def clear(job: Job, settings: Settings, store: Store, blobs: Blobs) -> None:
    """Remove the directory of a run that has ended, and, if its job has, what it would have gone on from."""
    shutil.rmtree(run_directory(settings, job), ignore_errors=True)
    _forget_if_over(job.id, store, blobs)


def sweep(settings: Settings, store: Store, blobs: Blobs) -> None:
    """The same for every job whose worker died: of runs on this machine that are no longer their job's."""
    runs = _runs(settings)
    for directory in sorted(runs.iterdir()) if runs.is_dir() else []:
        job_id, _, attempt = directory.name.rpartition("-")
        job = store.jobs.get(job_id)
        if job is None or job.status.is_final or str(job.attempt) != attempt:
            log.info("removing what a run left", extra={"directory": directory.name})
            shutil.rmtree(directory, ignore_errors=True)
    for job_id in sorted({path.split("/")[1] for path in blobs.paths(SNAPSHOTS)}):
        _forget_if_over(job_id, store, blobs)


def _runs(settings: Settings) -> Path:
    return settings.data_dir / "runs"


def _forget_if_over(job_id: str, store: Store, blobs: Blobs) -> None:
    """A job that has ended repeats no step."""
    job = store.jobs.get(job_id)
    if job is None or job.status.is_final:
        store.grades.forget(job_id)
        blobs.delete_directory(snapshots_blob(job_id))
