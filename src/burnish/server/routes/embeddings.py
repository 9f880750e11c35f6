"""/v1/embeddings: texts as vectors, by a model that the settings name."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from burnish.core.errors import Busy, Unavailable
from burnish.core.hangup import unless_gone
from burnish.server import failures
from burnish.server.desk import AtDesk, Desk
from burnish.spec.base import AsJson
from burnish.spec.embedding import EmbeddingRequest

Json = Any


def router() -> APIRouter:
    """The route of embeddings."""
    api = APIRouter(prefix="/v1", tags=["Embeddings"])

    @api.post("/embeddings", response_model=None)
    async def create(body: Annotated[EmbeddingRequest, AsJson], request: Request, desk: AtDesk) -> Response:
        """A vector for each text."""
        try:
            return await unless_gone(_answer(desk, body.model, await request.json()), request.receive)
        except (Busy, Unavailable) as error:
            return failures.come_back(error, body.model)

    return api


async def _answer(desk: Desk, model: str, sent: dict[str, Json]) -> Response:
    embedder = await desk.chats.find_embedder(model)
    return JSONResponse({**await embedder.forward(sent, "/embeddings"), "model": model})
