"""/v1/evals/{id}/compare: runs side by side. Ours; OpenAI has it on its pages alone."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from burnish.core.errors import InvalidRequest
from burnish.core.template import is_path
from burnish.evals.comparison import Comparison
from burnish.evals.job_items import items_of
from burnish.evals.scores import name_of
from burnish.server.desk import AtDesk
from burnish.server.pages import members
from burnish.server.routes.evals import EvalId

Json = Any
MOST_RUNS = 16


def router() -> APIRouter:
    """The route of comparisons."""
    api = APIRouter(prefix="/v1/evals", tags=["Evals"])

    @api.get("/{eval_id}/compare")
    def compare(
        eval_id: EvalId,
        desk: AtDesk,
        request: Request,
        run_id: Annotated[
            list[str] | None, Query(description="Runs, the baseline first; of this eval or of others. Required.")
        ] = None,
        slice_by: Annotated[list[str] | None, Query(alias="slice", description="Fields: `item.topic`, say.")] = None,
        criterion: Annotated[str | None, Query(description="The name of one criterion; else all count.")] = None,
        changed: Annotated[int, Query(ge=0, le=1000, description="Rows that changed most, either way.")] = 10,
    ) -> dict[str, Json]:
        """How each run does, and by how much the others differ from the first, paired by row."""
        made = desk.store.evals.require(eval_id)
        run_ids = [*(run_id or ()), *members(request, "run_id")]
        paths = [*(slice_by or ()), *members(request, "slice")]
        if not run_ids:
            raise InvalidRequest(
                "Missing required parameter: 'run_id'.", param="run_id", code="missing_required_parameter"
            )
        if len(run_ids) > MOST_RUNS:
            raise InvalidRequest(f"Name 1 to {MOST_RUNS} runs.", param="run_id", code="invalid_value")
        for path in paths:
            if not is_path(path) or not path.startswith("item"):
                raise InvalidRequest(
                    f"'{path}' is no field of items; write item.topic, say.", param="slice", code="invalid_value"
                )
        names = [name_of({"name": each["id"]}) for each in made.testing_criteria]
        if criterion is not None and criterion not in names:
            raise InvalidRequest(
                f"The eval has no criterion '{criterion}'; it has {', '.join(names)}.",
                param="criterion",
                code="invalid_value",
            )
        runs = [desk.store.eval_runs.require(each) for each in run_ids]
        return Comparison(
            settings=desk.settings,
            items_of=lambda run, rows: items_of(run, desk.store, desk.blobs, rows),
            slices=tuple(paths),
            criterion=criterion,
            changed=changed,
        ).report(runs)

    return api
