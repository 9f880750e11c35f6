"""/v1/fine_tuning/jobs/{id}: pause, resume, cancel."""

import time
from typing import Any

from fastapi import APIRouter

from burnish.server import wire
from burnish.server.admission import check_budget
from burnish.server.desk import AtDesk
from burnish.server.routes.jobs import JobId
from burnish.spec.job import ResumeRequest

Json = Any


def router() -> APIRouter:
    """The routes that move a job to another state."""
    api = APIRouter(prefix="/v1/fine_tuning/jobs", tags=["Fine-tuning"])

    @api.post("/{fine_tuning_job_id}/pause")
    def pause(job_id: JobId, desk: AtDesk) -> dict[str, Json]:
        """Stop a running job after its present step. What it has learnt becomes a model that can be used."""
        return wire.job(desk.store.jobs.pause(job_id, now=time.time()), desk.settings.organization)

    @api.post("/{fine_tuning_job_id}/resume")
    def resume(job_id: JobId, desk: AtDesk, body: ResumeRequest | None = None) -> dict[str, Json]:
        """Queue a paused job again; it goes on exactly where it stopped, and may be granted another budget."""
        metadata = body.metadata if body is not None else None
        check_budget(desk, metadata)
        resumed = desk.store.jobs.resume(job_id, now=time.time(), metadata=metadata)
        return wire.job(resumed, desk.settings.organization)

    return api
