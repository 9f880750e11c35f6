"""/v1/burnish/evals: what a page about evals shows and OpenAI's API has no place for."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from burnish.evals.scores import name_of
from burnish.server import eval_wire
from burnish.server.desk import AtDesk
from burnish.server.pages import After, Limit, listed_with_ends
from burnish.store.eval_summaries import EvalSummary, Origin

Json = Any


def router() -> APIRouter:
    """The route of summaries."""
    api = APIRouter(prefix="/v1/burnish/evals", tags=["Burnish"])

    @api.get("")
    def summaries(
        desk: AtDesk,
        after: After = None,
        limit: Limit = 20,
        origin: Annotated[Origin | None, Query(description="Evals that a request made, or those of jobs.")] = None,
        search: Annotated[str | None, Query(max_length=200, description="Part of an id or of a name.")] = None,
        points: Annotated[int, Query(ge=2, le=1000, description="Most points of a curve.")] = 40,
    ) -> dict[str, Json]:
        """Evals as a list shows them, newest first."""
        page = desk.store.eval_summaries.page(origin=origin, search=search, after=after, limit=limit, points=points)
        return listed_with_ends(page, _summary)

    return api


def _summary(summary: EvalSummary) -> dict[str, Json]:
    made = summary.made
    return {
        "object": "burnish.eval_summary",
        "id": made.id,
        "name": made.name,
        "created_at": made.created_at,
        "criteria": [name_of({"name": criterion["id"]}) for criterion in made.testing_criteria],
        "fine_tuning_job_id": made.job_id,
        "job_name": summary.job_name,
        "phase": made.phase,
        "runs": summary.runs,
        "last_run": None if summary.last is None else _without_rows(eval_wire.run(summary.last)),
        "curve": [list(point) for point in summary.curve],
    }


def _without_rows(run: dict[str, Json]) -> dict[str, Json]:
    """A run may hold all its rows in its data source."""
    return {key: value for key, value in run.items() if key != "data_source"}
