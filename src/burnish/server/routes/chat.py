"""/v1/chat/completions: any model that the server knows, answered by the inference process or a remote endpoint."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from burnish.core import sse
from burnish.core.errors import Unavailable
from burnish.core.hangup import unless_gone
from burnish.remote import RemoteChat
from burnish.server import failures
from burnish.server.chats import Chats
from burnish.server.state import State
from burnish.spec.chat import ChatRequest

Json = Any

RETRY_AFTER_S = 3
"""About what the inference process needs to come up."""


def router(state: State) -> APIRouter:
    """The route of chat completions."""
    chats = Chats(state)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        yield
        await chats.aclose()

    api = APIRouter(prefix="/v1/chat", tags=["Chat"], lifespan=lifespan)

    @api.post("/completions", response_model=None)
    async def create(body: ChatRequest, request: Request) -> Response:
        """Answer a conversation, whole or as server-sent events.

        What the model cannot do (images, log-probabilities, top_p) is refused with a 400 that names the field. Where
        the model's process does not answer, the status is 503 with `retry-after`.
        """
        try:
            return await unless_gone(_answer(await chats.find(body.model), body, await request.json()), request.receive)
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
