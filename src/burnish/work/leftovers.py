"""What runs that were killed leave lying about, and how it goes."""

import logging
import shutil

from burnish.core.records import Job
from burnish.settings import Settings
from burnish.store.blobs import Blobs
from burnish.store.places import SNAPSHOTS, snapshots_blob
from burnish.store.store import Store

log = logging.getLogger(__name__)


def clear(job: Job, settings: Settings, store: Store, blobs: Blobs) -> None:
    """Remove the directory of a run that has ended, and, if its job has, what it would have gone on from."""
    directory = settings.data_dir / "runs" / f"{job.id}-{job.attempt}"
    shutil.rmtree(directory, ignore_errors=True)
    now = store.jobs.get(job.id)
    if now is None or now.status.is_final:
        store.grades.forget(job.id)
        blobs.delete_directory(snapshots_blob(job.id))


def sweep(settings: Settings, store: Store, blobs: Blobs) -> None:
    """The same for every job whose worker died: of runs on this machine that are no longer their job's."""
    runs = settings.data_dir / "runs"
    for directory in sorted(runs.iterdir()) if runs.is_dir() else []:
        job_id, _, attempt = directory.name.rpartition("-")
        job = store.jobs.get(job_id)
        if job is None or job.status.is_final or str(job.attempt) != attempt:
            log.info("removing what a run left", extra={"directory": directory.name})
            shutil.rmtree(directory, ignore_errors=True)
    for job_id in sorted({path.split("/")[1] for path in blobs.paths(SNAPSHOTS)}):
        job = store.jobs.get(job_id)
        if job is None or job.status.is_final:
            store.grades.forget(job_id)
            blobs.delete_directory(snapshots_blob(job_id))
