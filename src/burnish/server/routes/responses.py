"""/v1/responses: the same models as behind chat completions, in items and typed events."""

from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from burnish.core import sse
from burnish.core.errors import Busy, InvalidRequest, Unavailable
from burnish.core.hangup import unless_gone
from burnish.server import failures, wire
from burnish.server.desk import AtDesk
from burnish.server.pages import After, Limit, Order, listed_with_ends, sliced
from burnish.server.responses.answering import KIND, Answering, begin, cancel, found
from burnish.spec.base import AsJson
from burnish.spec.response import ResponseRequest

Json = Any
ResponseId = Annotated[str, Path(alias="response_id")]


def router() -> APIRouter:
    """The routes of responses."""
    api = APIRouter(prefix="/v1/responses", tags=["Responses"])

    @api.post("", response_model=None)
    async def create(body: Annotated[ResponseRequest, AsJson], request: Request, desk: AtDesk) -> Response:
        """Answer items, whole, as typed events, or in the background."""
        try:
            answering = await begin(desk, body)
            if body.background:
                return JSONResponse(await answering.in_background())
            return await unless_gone(_answer(answering, streams=bool(body.stream)), request.receive)
        except (Busy, Unavailable) as error:
            return failures.come_back(error, body.model)

    @api.get("/{response_id}")
    async def retrieve(response_id: ResponseId, desk: AtDesk, stream: bool = False) -> dict[str, Json]:
        """A response that was kept."""
        if stream:
            message = "A response is streamed once, to who creates it; leave 'stream' out to see where it stands."
            raise InvalidRequest(message, param="stream", code="unsupported_value")
        return await found(desk, response_id)

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


async def _answer(answering: Answering, *, streams: bool) -> Response:
    events = answering.events()
    first = await anext(events)
    if streams:
        return StreamingResponse(sse.typed(first, events), media_type="text/event-stream", headers=sse.HEADERS)
    async with aclosing(events):
        async for _ in events:
            pass
    return JSONResponse(answering.draft.response)
