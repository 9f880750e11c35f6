"""/v1/burnish/readiness: whether what graders need works at present. No address is told."""

import asyncio
from typing import Any

from fastapi import APIRouter

from burnish.remote.probe import reach
from burnish.server.desk import AtDesk, Desk

Json = Any


def router() -> APIRouter:
    """The route of the readiness."""
    api = APIRouter(prefix="/v1/burnish", tags=["Burnish"])

    @api.get("/readiness")
    async def readiness(desk: AtDesk) -> dict[str, Json]:
        """Probe the sandbox, once in a process, and ask every remote endpoint, in seconds at most."""
        remote = desk.settings.models.remote
        refusal, reached = await asyncio.gather(_refusal(desk), asyncio.gather(*map(reach, remote.values())))
        return {
            "object": "burnish.readiness",
            "sandbox": {"setting": desk.settings.grading.sandbox, "is_ready": refusal is None, "reason": refusal},
            "models": [
                {"id": name, "is_ready": each.reason is None, "reason": each.reason, "seconds": each.seconds}
                for name, each in zip(remote, reached, strict=True)
            ],
        }

    return api


async def _refusal(desk: Desk) -> str | None:
    """Why no python grader can run here; the probe takes a second or two the first time."""
    sandbox = desk.tools.sandbox
    return None if sandbox is None else await asyncio.to_thread(sandbox.refusal)
