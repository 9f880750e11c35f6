"""The HTTP side of a base's process: chat completions for the server on the same machine, and nobody else."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from burnish.core import sse
from burnish.core.hangup import unless_gone
from burnish.infer.fleet import Fleet
from burnish.infer.refusal import bare_app
from burnish.spec.chat import ChatCompletion
from burnish.spec.served import ServedRequest

Json = Any


def create_app(fleet: Fleet) -> FastAPI:
    """The app over a fleet; closing the app closes the fleet."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        yield
        fleet.close()

    app = bare_app("Burnish inference", lifespan)

    @app.get("/health")
    async def health() -> dict[str, Json]:
        return {"status": "ok", "bases": fleet.bases, "users": fleet.users}

    @app.post("/v1/chat/completions")
    async def chat(body: ServedRequest, request: Request) -> Response:
        if body.stream:
            chunks = _stream(fleet, body)
            first = await unless_gone(anext(chunks), request.receive)
            return StreamingResponse(sse.events(first, chunks), media_type="text/event-stream", headers=sse.HEADERS)
        completion = await unless_gone(_complete(fleet, body), request.receive)
        return Response(completion.model_dump_json(exclude_unset=True), media_type="application/json")

    @app.post("/v1/chat/completions/input_tokens")
    async def input_tokens(body: ServedRequest) -> dict[str, int]:
        async with fleet.chat(body.burnish, body.model) as model:
            return {"input_tokens": model.prompt_tokens(body)}

    return app


async def _complete(fleet: Fleet, body: ServedRequest) -> ChatCompletion:
    async with fleet.chat(body.burnish, body.model) as model:
        return await model.complete(body)


async def _stream(fleet: Fleet, body: ServedRequest) -> AsyncGenerator[dict[str, Json], None]:
    async with fleet.chat(body.burnish, body.model) as model, aclosing(model.stream(body)) as chunks:
        async for chunk in chunks:
            yield chunk
