"""/v1/fine_tuning/jobs: create, list, watch."""

import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from burnish.core.errors import InvalidRequest
from burnish.core.ids import new_id
from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent
from burnish.evals.linked import eval_id, evals_of
from burnish.server import wire
from burnish.server.admission import admit
from burnish.server.desk import AtDesk
from burnish.server.integrations import followers_of
from burnish.server.pages import After, Limit, listed, listed_with_ends, metadata_filter
from burnish.spec.job import SEED_MAX, JobRequest

Json = Any
JobId = Annotated[str, Path(alias="fine_tuning_job_id")]


def router() -> APIRouter:
    """The routes of fine-tuning jobs."""
    api = APIRouter(prefix="/v1/fine_tuning/jobs", tags=["Fine-tuning"])

    @api.post("")
    def create(body: JobRequest, desk: AtDesk) -> dict[str, Json]:
        """Start a job. What its files hold is checked by the job itself, within seconds."""
        files = admit(desk, body)
        job = _new_job(body, desk.caller.project)
        event = NewEvent(f"Created fine-tuning job: {job.id}")
        desk.store.jobs.insert(
            job,
            event,
            requiring=files,
            followers=followers_of(desk.settings, body),
            evals=evals_of(job, body.reinforcement.grader),
        )
        return wire.job(job, desk.settings.organization)

    @api.get("")
    def list_jobs(
        desk: AtDesk,
        request: Request,
        after: After = None,
        limit: Limit = 20,
        metadata: Annotated[str | None, Query(description="`null`, or filters as metadata[key]=value.")] = None,
    ) -> dict[str, Json]:
        """Jobs, newest first."""
        if metadata not in (None, "null"):
            message = "'metadata' is a filter: write metadata[key]=value, or metadata=null for jobs without any."
            raise InvalidRequest(message, param="metadata", code="invalid_value")
        page = desk.store.jobs.page(
            after=after, limit=limit, metadata=metadata_filter(request), without_metadata=metadata == "null"
        )
        return listed(page, lambda job: wire.job(job, desk.settings.organization))

    @api.get("/{fine_tuning_job_id}")
    def retrieve(job_id: JobId, desk: AtDesk) -> dict[str, Json]:
        """One job."""
        return wire.job(desk.store.jobs.require(job_id), desk.settings.organization)

    @api.post("/{fine_tuning_job_id}/cancel")
    def cancel(job_id: JobId, desk: AtDesk) -> dict[str, Json]:
        """End a job at once. Checkpoints that it has published stay."""
        return wire.job(desk.store.jobs.cancel(job_id, now=time.time()), desk.settings.organization)

    @api.get("/{fine_tuning_job_id}/events")
    def events(job_id: JobId, desk: AtDesk, after: After = None, limit: Limit = 20) -> dict[str, Json]:
        """A job's events, newest first."""
        desk.store.jobs.require(job_id)
        return listed(desk.store.events.page(job_id, after=after, limit=limit), wire.event)

    @api.get("/{fine_tuning_job_id}/checkpoints")
    def checkpoints(job_id: JobId, desk: AtDesk, after: After = None, limit: Limit = 10) -> dict[str, Json]:
        """A job's checkpoints, newest first."""
        desk.store.jobs.require(job_id)
        return listed_with_ends(desk.store.checkpoints.page(job_id, after=after, limit=limit), wire.checkpoint)

    return api


def _new_job(body: JobRequest, project: str) -> Job:
    job_id = new_id("ftjob-")
    return Job(
        id=job_id,
        created_at=int(time.time()),
        status=JobStatus.VALIDATING_FILES,
        model=body.model,
        request=body.record(),
        seed=body.seed if body.seed is not None else secrets.randbelow(SEED_MAX + 1),
        training_file=body.training_file,
        validation_file=body.validation_file,
        suffix=body.suffix,
        metadata=body.metadata,
        project=project,
        hyperparameters=body.reinforcement.hyperparameters.model_dump(mode="json"),
        eval_id=eval_id(job_id, "valid"),
        train_eval_id=eval_id(job_id, "train"),
    )
