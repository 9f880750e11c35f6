"""/v1/evals/{id}/runs: an eval carried out on a model or on stored answers."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from burnish.core.evaluation import EvalRun, RunStatus, Tally
from burnish.core.ids import new_id
from burnish.server import eval_wire
from burnish.server.desk import AtDesk
from burnish.server.eval_admission import admit_run
from burnish.server.pages import After, Limit, Order, listed_with_ends
from burnish.server.routes.evals import EvalId
from burnish.spec.eval_run import CompletionsSource, FileContent, FileId, ResponsesSource, RunRequest

Json = Any
RunId = Annotated[str, Path(alias="run_id")]


def router() -> APIRouter:
    """The routes of runs."""
    api = APIRouter(prefix="/v1/evals/{eval_id}/runs", tags=["Evals"])

    @api.post("", status_code=201)
    def create(eval_id: EvalId, body: RunRequest, desk: AtDesk) -> dict[str, Json]:
        """Carry an eval out. The evaluator begins within a second."""
        admit_run(desk, desk.store.evals.require(eval_id).data_source_config, body)
        run = _new_run(eval_id, body)
        desk.store.eval_runs.insert(run)
        return eval_wire.run(run)

    @api.get("")
    def list_runs(
        eval_id: EvalId,
        desk: AtDesk,
        after: After = None,
        limit: Limit = 20,
        order: Order = "asc",
        status: Annotated[RunStatus | None, Query(description="Runs in this state alone.")] = None,
    ) -> dict[str, Json]:
        """The runs of an eval, oldest first."""
        desk.store.evals.require(eval_id)
        page = desk.store.eval_runs.page(eval_id, after=after, limit=limit, descending=order == "desc", status=status)
        return listed_with_ends(page, eval_wire.run)

    @api.get("/{run_id}")
    def retrieve(eval_id: EvalId, run_id: RunId, desk: AtDesk) -> dict[str, Json]:
        """One run."""
        return eval_wire.run(desk.store.eval_runs.require(run_id, eval_id))

    @api.post("/{run_id}")
    @api.post("/{run_id}/cancel")
    def cancel(eval_id: EvalId, run_id: RunId, desk: AtDesk) -> dict[str, Json]:
        """End a run; what is done of it stays. OpenAI documents the first path, its client uses the second."""
        return eval_wire.run(desk.store.eval_runs.cancel(eval_id, run_id, now=time.time()))

    @api.delete("/{run_id}")
    def delete(eval_id: EvalId, run_id: RunId, desk: AtDesk) -> dict[str, Json]:
        """Forget a run and its items."""
        desk.store.eval_runs.delete(eval_id, run_id)
        return {"object": "eval.run.deleted", "deleted": True, "run_id": run_id}

    return api


def _new_run(eval_id: str, body: RunRequest) -> EvalRun:
    data_source = body.data_source
    source, is_sampled = data_source.source, isinstance(data_source, CompletionsSource | ResponsesSource)
    samples = data_source.samples if isinstance(data_source, CompletionsSource | ResponsesSource) else 1
    return EvalRun(
        id=new_id("evalrun_"),
        eval_id=eval_id,
        created_at=int(time.time()),
        name=body.name or "Unnamed run",
        status=RunStatus.QUEUED,
        model=getattr(data_source, "model", None) if is_sampled else None,
        data_source=data_source.model_dump(mode="json", exclude_none=True),
        metadata=body.metadata,
        tally=Tally(total=len(source.content) * samples if isinstance(source, FileContent) else 0),
        file_id=source.id if isinstance(source, FileId) else None,
    )
