"""/v1/responses: the same models as behind chat completions, in items and typed events."""

from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from burnish.core import sse
from burnish.core.errors import Busy, InvalidRequest, Unavailable
from burnish.core.hangup import unless_gone
from burnish.server import failures, wire
from burnish.server.desk import AtDesk, Desk
from burnish.server.pages import After, Limit, Order, listed_with_ends, sliced
from burnish.server.responses.answering import KIND, Answering, begin, cancel, found, recorded
from burnish.spec.base import AsJson
from burnish.spec.response import ResponseRequest

Json = Any
ResponseId = Annotated[str, Path(alias="response_id")]
Place = Annotated[int | None, Query(ge=0, description="The sequence number of the last event that is not wanted.")]


def router() -> APIRouter:
    """The routes of responses."""
    api = APIRouter(prefix="/v1/responses", tags=["Responses"])

    @api.post("", response_model=None)
    async def create(body: Annotated[ResponseRequest, AsJson], request: Request, desk: AtDesk) -> Response:
        """Answer items, whole, as typed events, or in the background."""
        try:
            answering = await begin(desk, body)
            if not body.background:
                return await unless_gone(_answer(answering, streams=bool(body.stream)), request.receive)
            queued = await answering.in_background()
            return await _told(desk, request, queued["id"], -1) if body.stream else JSONResponse(queued)
        except (Busy, Unavailable) as error:
            return failures.come_back(error, body.model)

    @api.post("/input_tokens", response_model=None)
    async def input_tokens(body: Annotated[ResponseRequest, AsJson], request: Request, desk: AtDesk) -> Response:
        """How many tokens the model would read, were it asked; it is not."""
        try:
            answering = await begin(desk, body)
            counted = await unless_gone(answering.input_tokens(), request.receive)
            return JSONResponse({"object": "response.input_tokens", "input_tokens": counted})
        except (Busy, Unavailable) as error:
            return failures.come_back(error, body.model)

    @api.get("/{response_id}", response_model=None)
    async def retrieve(
        response_id: ResponseId, request: Request, desk: AtDesk, stream: bool = False, starting_after: Place = None
    ) -> Response:
        """A response that was kept, or the events of one that is made in the background."""
        if stream:
            return await _told(desk, request, response_id, -1 if starting_after is None else starting_after)
        if starting_after is not None:
            raise InvalidRequest("'starting_after' needs 'stream' to be true.", param="starting_after")
        return JSONResponse(await found(desk, response_id))

    @api.delete("/{response_id}")
    def delete(response_id: ResponseId, desk: AtDesk) -> dict[str, Json]:
        """Forget it."""
        desk.store.exchanges.delete(KIND, response_id)
        return wire.deleted(response_id, "response")

    @api.post("/{response_id}/cancel")
    async def cancel_response(response_id: ResponseId, desk: AtDesk) -> dict[str, Json]:
        """End one that is made in the background."""
        return await cancel(desk, response_id)

    @api.get("/{response_id}/input_items")
    def input_items(
        response_id: ResponseId, desk: AtDesk, after: After = None, limit: Limit = 20, order: Order = "desc"
    ) -> dict[str, Json]:
        """What it was asked with, newest first."""
        items = desk.store.exchanges.require(KIND, response_id).request["input"]
        return listed_with_ends(sliced(items, after, limit, order), lambda item: item)

    return api


async def _told(desk: Desk, request: Request, response_id: str, after: int) -> Response:
    """The events of a response in the background that follow a place. Who hangs up may come back."""
    events = (await recorded(desk, response_id)).after(after)
    first = await unless_gone(anext(events, None), request.receive)
    if first is None:
        message = f"The response ended before event {after + 1}: there is nothing to wait for."
        raise InvalidRequest(message, param="starting_after", code="invalid_value")
    return StreamingResponse(sse.typed(first, events), media_type="text/event-stream", headers=sse.HEADERS)


async def _answer(answering: Answering, *, streams: bool) -> Response:
    events = answering.events()
    first = await anext(events)
    if streams:
        return StreamingResponse(sse.typed(first, events), media_type="text/event-stream", headers=sse.HEADERS)
    async with aclosing(events):
        async for _ in events:
            pass
    return JSONResponse(answering.draft.response)
