"""/v1/burnish/plan: what a job would come to, before there is a job."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from burnish.core.errors import InvalidRequest
from burnish.server.admission import check_file, check_trainable
from burnish.server.desk import AtDesk, Desk
from burnish.server.forecast import forecast
from burnish.spec.dataset import lines_of
from burnish.spec.schedule import PlanRequest, schedule
from burnish.store.files import file_blob

Json = Any


def router() -> APIRouter:
    """The route of plans."""
    api = APIRouter(prefix="/v1/burnish", tags=["Burnish"])

    @api.post("/plan")
    def plan(body: PlanRequest, desk: AtDesk) -> dict[str, Json]:
        """Hyperparameters as they will be resolved, what follows from them, and what it will take."""
        check_trainable(desk, body.model)
        desk.expire()
        rows = {name: _rows(desk, getattr(body, name), name) for name in ("training_file", "validation_file")}
        found = schedule(body.hyperparameters, train_rows=rows["training_file"], valid_rows=rows["validation_file"])
        told = forecast(desk, body.model, found)
        return {
            "object": "burnish.plan",
            "model": body.model,
            "train_rows": found.train_rows,
            "valid_rows": found.valid_rows,
            "hyperparameters": found.hyperparameters(),
            "steps_per_epoch": found.steps_per_epoch,
            "total_steps": found.total_steps,
            "answers_per_row": found.group_size,
            "training_answers": found.answers,
            "validation_passes": found.passes,
            "validation_answers": found.valid_answers,
            "estimate": {**asdict(told), "jobs": list(told.jobs)} if told is not None else None,
        }

    return api


def _rows(desk: Desk, file_id: str, param: str) -> int:
    """The rows of a file, unread."""
    check_file(desk, file_id, param)
    count = sum(1 for line in lines_of(desk.blobs.get(file_blob(file_id))) if line.strip())
    if not count:
        raise InvalidRequest(f"File '{file_id}' has no rows.", param=param, code="invalid_value")
    return count
