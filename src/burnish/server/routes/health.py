"""/v1/burnish/health: whether the server can do its work."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from burnish.server.state import State

Json = Any


def router(state: State) -> APIRouter:
    """The route of health."""
    api = APIRouter(prefix="/v1/burnish", tags=["Burnish"])

    @api.get("/health")
    def health() -> dict[str, Json]:
        """Answers once the rows can be read."""
        state.store.keys.exist()
        return {"status": "ok", "version": version("burnish")}

    return api
