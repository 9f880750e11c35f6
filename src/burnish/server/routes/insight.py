"""/v1/burnish/jobs: what a page about jobs shows and OpenAI's API has no place for."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from burnish.core.job import JobStatus
from burnish.server.desk import AtDesk
from burnish.server.pages import After, Limit, listed_with_ends
from burnish.server.routes.jobs import JobId
from burnish.server.series import REWARDS, curves, thinned
from burnish.store.summaries import Summary

Json = Any
SPARK = 40
"""Points of the small curve in a list."""


def router() -> APIRouter:
    """The routes of summaries and curves."""
    api = APIRouter(prefix="/v1/burnish/jobs", tags=["Burnish"])

    @api.get("")
    def summaries(
        desk: AtDesk,
        after: After = None,
        limit: Limit = 20,
        status: JobStatus | None = None,
        search: Annotated[str | None, Query(max_length=200, description="Part of an id or of a name.")] = None,
    ) -> dict[str, Json]:
        """Jobs as a list shows them, newest first."""
        page = desk.store.summaries.page(status=status, search=search, after=after, limit=limit, points=SPARK)
        return listed_with_ends(page, _summary)

    @api.get("/{fine_tuning_job_id}/series")
    def series(
        job_id: JobId,
        desk: AtDesk,
        points: Annotated[int, Query(ge=2, le=10_000, description="Most points of a curve.")] = 300,
        after_event: Annotated[int, Query(ge=0, description="`last_event` of an earlier answer.")] = 0,
    ) -> dict[str, Json]:
        """Every number of the job's metrics as a curve over its steps."""
        desk.store.jobs.require(job_id)
        found = desk.store.summaries.metrics(job_id, after_event=after_event, most=points)
        made = curves(data for _, data in found)
        return {
            "object": "burnish.series",
            "job_id": job_id,
            "last_event": found[-1][0] if found else after_event,
            "series": {name: thinned(curve, points) for name, curve in made.items()},
        }

    return api


def _summary(summary: Summary) -> dict[str, Json]:
    job = summary.job
    made = curves(summary.points)
    train, valid = (made.get(name, []) for name in REWARDS)
    last = summary.points[-1] if summary.points else {}
    usage = job.usage_metrics or {}
    return {
        "object": "burnish.job_summary",
        "id": job.id,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "estimated_finish": job.estimated_finish,
        "status": job.status.value,
        "model": job.model,
        "method": job.request["method"]["type"],
        "suffix": job.suffix,
        "fine_tuned_model": job.fine_tuned_model,
        "step": last.get("step"),
        "total_steps": last.get("total_steps"),
        "train_reward": train[-1][1] if train else None,
        "valid_reward": valid[-1][1] if valid else None,
        "curve": thinned(valid if len(valid) > 2 else train, SPARK),
        "cost_usd": (usage.get("cost") or {}).get("total_usd"),
        "seconds": (usage.get("seconds") or {}).get("total"),
        "error": job.error.message if job.error is not None else None,
    }
