"""/v1/burnish/settings: what runs here, for those who look at it. No secret and no address is told."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from burnish.server.desk import AtDesk
from burnish.settings import STARTER

Json = Any


def router() -> APIRouter:
    """The route of the settings."""
    api = APIRouter(prefix="/v1/burnish", tags=["Burnish"])

    @api.get("/settings")
    def settings(desk: AtDesk) -> dict[str, Json]:
        """What the operator has set, as far as callers may know it."""
        given = desk.settings
        return {
            "object": "burnish.settings",
            "version": version("burnish"),
            "organization": given.organization,
            "project": desk.caller.project,
            "is_admin": desk.caller.is_admin,
            "models": {
                "local": [STARTER, *given.models.local],
                "remote": list(given.models.remote),
                "embedders": list(given.models.embedders),
                "aliases": {name: each for name, each in given.models.aliases.items() if desk.is_served(name)},
            },
            "sandbox": given.grading.sandbox,
            "concurrent_jobs": given.concurrent_jobs,
            "max_file_bytes": given.max_file_bytes,
            "training": given.training.model_dump(mode="json"),
            "prices": given.prices.model_dump(mode="json"),
            "budget": given.budget.model_dump(mode="json"),
        }

    return api
