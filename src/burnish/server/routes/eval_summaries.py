"""/v1/burnish/evals: what a page about evals shows and OpenAI's API has no place for."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from burnish.core.evaluation import EvalRun
from burnish.evals.scores import name_of
from burnish.server import eval_wire
from burnish.server.desk import AtDesk
from burnish.server.pages import After, Limit, listed_with_ends
from burnish.server.routes.evals import EvalId
from burnish.store.eval_summaries import EvalSummary, Origin

Json = Any
Points = Annotated[int, Query(ge=2, le=1000, description="Most points of a curve.")]


def router() -> APIRouter:
    """The routes of summaries."""
    api = APIRouter(prefix="/v1/burnish/evals", tags=["Burnish"])

    @api.get("")
    def summaries(
        desk: AtDesk,
        after: After = None,
        limit: Limit = 20,
        origin: Annotated[Origin | None, Query(description="Evals that a request made, or those of jobs.")] = None,
        search: Annotated[str | None, Query(max_length=200, description="Part of an id or of a name.")] = None,
        points: Points = 40,
    ) -> dict[str, Json]:
        """Evals as a list shows them, newest first."""
        page = desk.store.eval_summaries.page(origin=origin, search=search, after=after, limit=limit, points=points)
        return listed_with_ends(page, _summary)

    @api.get("/{eval_id}")
    def summary(eval_id: EvalId, desk: AtDesk, points: Points = 40) -> dict[str, Json]:
        """One eval as the list shows it."""
        return _summary(desk.store.eval_summaries.require(eval_id, points=points))

    @api.get("/{eval_id}/runs")
    def runs(eval_id: EvalId, desk: AtDesk, after: After = None, limit: Limit = 20) -> dict[str, Json]:
        """Its runs without their data sources, newest first."""
        desk.store.evals.require(eval_id)
        page = desk.store.eval_runs.page(eval_id, after=after, limit=limit, descending=True)
        return listed_with_ends(page, _run)

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
        "last_run": None if summary.last is None else _run(summary.last),
        "curve": [list(point) for point in summary.curve],
    }


def _run(record: EvalRun) -> dict[str, Json]:
    """Without the data source, which may hold all rows."""
    return {key: value for key, value in eval_wire.run(record).items() if key != "data_source"}
