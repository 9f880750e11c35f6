"""/v1/burnish/health: whether the server can do its work."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from burnish.server.desk import AtDesk

Json = Any


def router() -> APIRouter:
    """The route of health."""
    api = APIRouter(prefix="/v1/burnish", tags=["Burnish"])

    @api.get("/health")
    def health(desk: AtDesk) -> dict[str, Json]:
        """Answers once the rows can be read."""
        desk.store.keys.exist()
        return {"status": "ok", "version": version("burnish")}

    return api
