"""/v1/chat/completions: any model that the server knows, answered by the inference process or a remote endpoint."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from burnish.core import sse
from burnish.core.errors import Busy, Unavailable
from burnish.core.hangup import unless_gone
from burnish.core.records import Exchange
from burnish.remote.chat import RemoteChat
from burnish.server import failures
from burnish.server.desk import AtDesk, Desk
from burnish.server.gather import Gathered
from burnish.spec.base import AsJson
from burnish.spec.chat import ChatRequest

Json = Any


def router() -> APIRouter:
    """The route of chat completions."""
    api = APIRouter(prefix="/v1/chat", tags=["Chat"])

    @api.post("/completions", response_model=None)
    async def create(body: Annotated[ChatRequest, AsJson], request: Request, desk: AtDesk) -> Response:
        """Answer a conversation, whole or as server-sent events.

        What the model cannot do (images, audio, penalties) is refused with a 400 that names the field. Where the
        model's process does not answer, the status is 503, and where it has too much to do 429, with `retry-after`.
        """
        try:
            answering = _answer(desk, await desk.chats.find(body.model), body, await request.json())
            return await unless_gone(answering, request.receive)
        except (Busy, Unavailable) as error:
            return failures.come_back(error, body.model)

    return api


async def _answer(desk: Desk, chat: RemoteChat, body: ChatRequest, sent: dict[str, Json]) -> Response:
    """The endpoint's answer under the name that was asked for; `sent` is the body with all its fields."""
    if not body.stream:
        completion = {**await chat.forward(sent), "model": body.model}
        if body.store:
            completion = await _kept(desk, body, sent, completion)
        return JSONResponse(completion)
    if chat.is_ours and not body.store:
        events = chat.relay(sent)
        return _streamed(sse.relayed(await anext(events, b""), events))
    chunks = _stored(desk, body, sent, chat) if body.store else chat.stream(sent)
    named = _named(chunks, body.model)
    first = await anext(named, None)
    if first is None:
        raise Unavailable("its endpoint sent an empty stream.")
    return _streamed(sse.events(first, named))


def _streamed(events: AsyncGenerator[bytes, None]) -> Response:
    return StreamingResponse(events, media_type="text/event-stream", headers=sse.HEADERS)


async def _named(chunks: AsyncGenerator[dict[str, Json], None], name: str) -> AsyncGenerator[dict[str, Json], None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            yield {**chunk, "model": name} if "model" in chunk else chunk


async def _stored(
    desk: Desk, body: ChatRequest, sent: dict[str, Json], chat: RemoteChat
) -> AsyncGenerator[dict[str, Json], None]:
    """The chunks; once all have come, what they amount to is kept. Of a client that left, nothing is."""
    gathered = Gathered()
    wants_usage = body.stream_options is not None and body.stream_options.include_usage
    asked = {**sent, "stream_options": {**(sent.get("stream_options") or {}), "include_usage": True}}
    async with aclosing(chat.stream(asked)) as chunks:
        async for chunk in chunks:
            gathered.push(chunk)
            if wants_usage:
                yield chunk
            elif chunk.get("choices"):
                yield {key: value for key, value in chunk.items() if key != "usage"}
    await _kept(desk, body, sent, {**gathered.completion(), "model": body.model})


async def _kept(desk: Desk, body: ChatRequest, sent: dict[str, Json], completion: dict[str, Json]) -> dict[str, Json]:
    """Store a completion; it as it is shown from now on."""
    completion["metadata"] = body.metadata or {}
    exchange = Exchange(
        id=completion["id"],
        kind="chat.completion",
        created_at=completion["created"],
        model=body.model,
        project=desk.caller.project,
        metadata=body.metadata,
        request=sent,
        answer=completion,
    )
    await to_thread.run_sync(desk.store.exchanges.insert, exchange)
    return completion
