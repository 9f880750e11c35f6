"""/v1/evals/{id}/runs/{id}/output_items: what came of each item of a run."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from burnish.core.evaluation import EvalRun, Verdict
from burnish.evals.job_items import items_of
from burnish.server import eval_wire
from burnish.server.desk import AtDesk, Desk
from burnish.server.pages import After, Limit, Order, listed_with_ends, sliced
from burnish.server.routes.eval_runs import RunId
from burnish.server.routes.evals import EvalId
from burnish.store.eval_items import item_not_found

Json = Any


def router() -> APIRouter:
    """The routes of output items."""
    api = APIRouter(prefix="/v1/evals/{eval_id}/runs", tags=["Evals"])

    @api.get("/{run_id}/output_items")
    def list_items(
        eval_id: EvalId,
        run_id: RunId,
        desk: AtDesk,
        after: After = None,
        limit: Limit = 20,
        order: Order = "asc",
        status: Annotated[Verdict | None, Query(description="Items that passed, failed or are errors.")] = None,
    ) -> dict[str, Json]:
        """What came of each item, in the order in which they were done."""
        run = desk.store.eval_runs.require(run_id, eval_id)
        if run.step is not None:
            items = [item for item in _items(desk, run) if status in (None, item["status"])]
            return listed_with_ends(sliced(items, after, limit, order), lambda item: item)
        page = desk.store.eval_items.page(run.id, after=after, limit=limit, descending=order == "desc", status=status)
        return listed_with_ends(page, lambda item: eval_wire.item(item, eval_id))

    @api.get("/{run_id}/output_items/{output_item_id}")
    def retrieve_item(
        eval_id: EvalId, run_id: RunId, item_id: Annotated[str, Path(alias="output_item_id")], desk: AtDesk
    ) -> dict[str, Json]:
        """One of them."""
        run = desk.store.eval_runs.require(run_id, eval_id)
        if run.step is None:
            return eval_wire.item(desk.store.eval_items.require(run.id, item_id), eval_id)
        found = next((item for item in _items(desk, run) if item["id"] == item_id), None)
        if found is None:
            raise item_not_found(item_id)
        return found

    return api


def _items(desk: Desk, run: EvalRun) -> list[dict[str, Json]]:
    return [eval_wire.item(item, run.eval_id) for item in items_of(run, desk.store, desk.blobs)]
