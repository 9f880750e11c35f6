"""/v1/evals: what is measured."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from burnish.core.evaluation import Eval
from burnish.core.ids import new_id
from burnish.server import eval_wire
from burnish.server.desk import AtDesk
from burnish.server.eval_admission import admit_eval
from burnish.server.pages import After, Limit, Order, listed_with_ends
from burnish.spec.evaluation import EvalRequest, EvalUpdate

Json = Any
EvalId = Annotated[str, Path(alias="eval_id")]


def router() -> APIRouter:
    """The routes of evals."""
    api = APIRouter(prefix="/v1/evals", tags=["Evals"])

    @api.post("", status_code=201)
    def create(body: EvalRequest, desk: AtDesk) -> dict[str, Json]:
        """Say what is measured. Runs of it come afterwards."""
        criteria, now = admit_eval(desk, body), int(time.time())
        made = Eval(
            id=new_id("eval_"),
            created_at=now,
            updated_at=now,
            name=body.name or "Unnamed eval",
            project=desk.caller.project,
            data_source_config=body.data_source_config.model_dump(mode="json", exclude_none=True),
            testing_criteria=criteria,
            metadata=body.metadata,
        )
        desk.store.evals.insert(made)
        return eval_wire.evaluation(made)

    @api.get("")
    def list_evals(
        desk: AtDesk,
        after: After = None,
        limit: Limit = 20,
        order: Order = "asc",
        order_by: Annotated[
            Literal["created_at", "updated_at"], Query(description="What the order is of.")
        ] = "created_at",
    ) -> dict[str, Json]:
        """Evals, oldest first."""
        page = desk.store.evals.page(after=after, limit=limit, descending=order == "desc", order_by=order_by)
        return listed_with_ends(page, eval_wire.evaluation)

    @api.get("/{eval_id}")
    def retrieve(eval_id: EvalId, desk: AtDesk) -> dict[str, Json]:
        """One eval."""
        return eval_wire.evaluation(desk.store.evals.require(eval_id))

    @api.post("/{eval_id}")
    def update(eval_id: EvalId, body: EvalUpdate, desk: AtDesk) -> dict[str, Json]:
        """Change its name or metadata."""
        changes = body.model_dump(exclude_unset=True)
        if changes.get("name", "") is None:
            del changes["name"]
        return eval_wire.evaluation(desk.store.evals.update(eval_id, changes, now=time.time()))

    @api.delete("/{eval_id}")
    def delete(eval_id: EvalId, desk: AtDesk) -> dict[str, Json]:
        """Forget it, its runs and their items."""
        desk.store.evals.delete(eval_id)
        return {"object": "eval.deleted", "deleted": True, "eval_id": eval_id}

    return api
