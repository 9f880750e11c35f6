"""/v1/burnish/jobs/{id}/rollouts: every answer of a step by its row, and a row's answers from step to step."""

from itertools import groupby
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from burnish.core.errors import NotFound
from burnish.evals.rollouts import Rollouts
from burnish.server.desk import AtDesk, Desk
from burnish.server.routes.jobs import JobId

Json = Any
Phase = Literal["train", "valid"]
MOST_STEPS = 200
"""Of one row's answers."""


def router() -> APIRouter:
    """The routes of rollouts."""
    api = APIRouter(prefix="/v1/burnish/jobs/{fine_tuning_job_id}/rollouts", tags=["Burnish"])

    @api.get("")
    def of_step(
        job_id: JobId,
        desk: AtDesk,
        step: Annotated[int | None, Query(ge=0, description="None: the last one that has answers.")] = None,
        phase: Phase = "train",
    ) -> dict[str, Json]:
        """All answers of a step, grouped by the row that they answer."""
        rollouts = _rollouts(desk, job_id)
        steps = rollouts.steps()
        wanted = step if step is not None else max(steps, default=None)
        if step is not None and step not in steps:
            raise NotFound(f"Step {step} of this job has left no answers.", param="step")
        answers = rollouts.of_step(wanted, phase) if wanted is not None else []
        rows = rollouts.rows({answer["line"] for answer in answers}, phase)
        return {
            "object": "burnish.rollouts",
            "job_id": job_id,
            "step": wanted,
            "phase": phase,
            "steps": steps,
            "groups": [
                {"line": line, "item": rows.get(line), "answers": list(group)}
                for line, group in groupby(answers, lambda answer: answer["line"])
            ],
        }

    @api.get("/rows/{line}")
    def of_row(
        job_id: JobId,
        desk: AtDesk,
        line: Annotated[int, Path(ge=1)],
        phase: Phase = "valid",
        limit: Annotated[int, Query(ge=1, le=MOST_STEPS, description="Most steps, the last ones.")] = 50,
    ) -> dict[str, Json]:
        """The answers to one row of the dataset, step by step."""
        rollouts = _rollouts(desk, job_id)
        answers = rollouts.of_row(line, phase, limit)
        return {
            "object": "burnish.row",
            "job_id": job_id,
            "line": line,
            "phase": phase,
            "item": rollouts.rows({line}, phase).get(line),
            "steps": [
                {"step": step, "answers": list(group)}
                for step, group in groupby(answers, lambda answer: answer["step"])
            ],
        }

    return api


def _rollouts(desk: Desk, job_id: str) -> Rollouts:
    return Rollouts(desk.store.jobs.require(job_id), desk.blobs)
