"""Where the server's requests arrive: each is sent on to the process of its base, and answered there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from burnish.core.errors import InvalidRequest
from burnish.infer.keeper import Keeper
from burnish.infer.refusal import bare_app
from burnish.spec.served import Served

Json = Any


def create_app(keeper: Keeper) -> FastAPI:
    """The app over a keeper; closing the app ends all its processes."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        await keeper.prepare()
        yield
        await keeper.aclose()

    app = bare_app("Burnish inference", lifespan)

    @app.get("/health")
    async def health() -> dict[str, Json]:
        return {"status": "ok", "bases": keeper.bases}

    @app.post("/v1/{path:path}")
    async def ask(path: str, request: Request) -> Response:
        url = await keeper.url(_served(await request.json()))
        return RedirectResponse(f"{url}/v1/{path}", 307)  # the client sends method and body again

    return app


def _served(body: Json) -> Served:
    try:
        return Served.model_validate(body["burnish"])
    except (KeyError, TypeError, ValidationError) as error:
        raise InvalidRequest("'burnish' must say which weights answer.", param="burnish") from error
