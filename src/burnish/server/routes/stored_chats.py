"""/v1/chat/completions/{completion_id} and their list: what was answered to requests with `store`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from burnish.server import wire
from burnish.server.desk import AtDesk
from burnish.server.pages import After, Limit, Order, listed_with_ends, metadata_filter, sliced
from burnish.spec.chat import StoredChatUpdate

Json = Any
KIND: Any = "chat.completion"
CompletionId = Annotated[str, Path(alias="completion_id")]


def router() -> APIRouter:
    """The routes of stored chat completions."""
    api = APIRouter(prefix="/v1/chat/completions", tags=["Chat"])

    @api.get("")
    def list_completions(
        desk: AtDesk,
        request: Request,
        after: After = None,
        limit: Limit = 20,
        order: Order = "asc",
        model: Annotated[str | None, Query(description="The name it was asked by.")] = None,
    ) -> dict[str, Json]:
        """Stored completions, oldest first; `metadata[key]=value` picks those that carry the pair."""
        page = desk.store.exchanges.page(
            KIND,
            after=after,
            limit=limit,
            descending=order == "desc",
            model=model,
            metadata=metadata_filter(request),
        )
        return listed_with_ends(page, wire.stored_completion)

    @api.get("/{completion_id}")
    def retrieve(completion_id: CompletionId, desk: AtDesk) -> dict[str, Json]:
        """One of them."""
        return wire.stored_completion(desk.store.exchanges.require(KIND, completion_id))

    @api.get("/{completion_id}/messages")
    def messages(
        completion_id: CompletionId, desk: AtDesk, after: After = None, limit: Limit = 20, order: Order = "asc"
    ) -> dict[str, Json]:
        """The messages that it was asked with."""
        found = wire.stored_messages(desk.store.exchanges.require(KIND, completion_id))
        return listed_with_ends(sliced(found, after, limit, order), lambda message: message)

    @api.post("/{completion_id}")
    def update(completion_id: CompletionId, body: StoredChatUpdate, desk: AtDesk) -> dict[str, Json]:
        """Replace its metadata."""
        return wire.stored_completion(desk.store.exchanges.set_metadata(KIND, completion_id, body.metadata))

    @api.delete("/{completion_id}")
    def delete(completion_id: CompletionId, desk: AtDesk) -> dict[str, Json]:
        """Forget it."""
        desk.store.exchanges.delete(KIND, completion_id)
        return wire.deleted(completion_id, "chat.completion.deleted")

    return api
