"""/v1/chat/completions: any model that the server knows, answered by the inference process or a remote endpoint."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from burnish.core import sse
from burnish.core.errors import Unavailable
from burnish.core.hangup import unless_gone
from burnish.remote.chat import RemoteChat
from burnish.server import failures
from burnish.server.desk import AtDesk
from burnish.spec.chat import ChatRequest

Json = Any

RETRY_AFTER_S = 3
"""About what the inference process needs to come up."""


def router() -> APIRouter:
    """The route of chat completions."""
    api = APIRouter(prefix="/v1/chat", tags=["Chat"])

    @api.post("/completions", response_model=None)
    async def create(body: ChatRequest, request: Request, desk: AtDesk) -> Response:
        """Answer a conversation, whole or as server-sent events.

        What the model cannot do (images, log-probabilities, top_p) is refused with a 400 that names the field. Where
        the model's process does not answer, the status is 503 with `retry-after`.
        """
        try:
            return await unless_gone(
                _answer(await desk.chats.find(body.model), body, await request.json()), request.receive
            )
        except Unavailable as error:
            answer = failures.response(Unavailable(f"'{body.model}' cannot answer at present: {error.message}"))
            answer.headers["retry-after"] = str(RETRY_AFTER_S)
            return answer

    return api


async def _answer(chat: RemoteChat, body: ChatRequest, sent: dict[str, Json]) -> Response:
    """The endpoint's answer under the name that was asked for; `sent` is the body with all its fields."""
    if not body.stream:
        return JSONResponse({**await chat.forward(sent), "model": body.model})
    chunks = _named(chat.stream(sent), body.model)
    first = await anext(chunks, None)
    if first is None:
        raise Unavailable("its endpoint sent an empty stream.")
    return StreamingResponse(sse.events(first, chunks), media_type="text/event-stream", headers=sse.HEADERS)


async def _named(chunks: AsyncGenerator[dict[str, Json], None], name: str) -> AsyncGenerator[dict[str, Json], None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            yield {**chunk, "model": name} if "model" in chunk else chunk
