"""/v1/burnish/feedback: what people thought of answers."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query

from burnish.core.ids import new_id
from burnish.core.records import Feedback
from burnish.server.desk import AtDesk
from burnish.server.pages import After, Limit, listed_with_ends
from burnish.server.wire import deleted
from burnish.spec.feedback import FeedbackRequest

Json = Any


def router() -> APIRouter:
    """The routes of feedback."""
    api = APIRouter(prefix="/v1/burnish/feedback", tags=["Burnish"])

    @api.post("")
    def keep(body: FeedbackRequest, desk: AtDesk) -> dict[str, Json]:
        """Keep what somebody thought of an answer. Nothing is looked up: the model may be another server's."""
        made = Feedback(
            id=new_id("fb_"), created_at=int(time.time()), project=desk.caller.project, **body.model_dump(mode="json")
        )
        desk.store.feedback.insert(made)
        return _shown(made)

    @api.get("")
    def page(
        desk: AtDesk,
        after: After = None,
        limit: Limit = 20,
        model: Annotated[str | None, Query(description="Only of answers of this model.")] = None,
    ) -> dict[str, Json]:
        """Feedback, newest first."""
        return listed_with_ends(desk.store.feedback.page(model=model, after=after, limit=limit), _shown)

    @api.get("/{feedback_id}")
    def retrieve(feedback_id: str, desk: AtDesk) -> dict[str, Json]:
        """One of them."""
        return _shown(desk.store.feedback.require(feedback_id))

    @api.delete("/{feedback_id}")
    def delete(feedback_id: str, desk: AtDesk) -> dict[str, Json]:
        """Forget one."""
        desk.store.feedback.delete(feedback_id)
        return deleted(feedback_id, "burnish.feedback")

    return api


def _shown(record: Feedback) -> dict[str, Json]:
    return {
        "object": "burnish.feedback",
        "id": record.id,
        "created_at": record.created_at,
        "model": record.model,
        "messages": list(record.messages),
        "answer": record.answer,
        "rating": record.rating,
        "correction": record.correction,
        "note": record.note,
    }
