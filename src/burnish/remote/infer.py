"""Our own inference process, seen as an endpoint."""

from typing import Any

import httpx2

from burnish.core.errors import Unavailable
from burnish.settings import Remote, Settings
from burnish.spec.served import Served

Json = Any

TIMEOUT_S = 600.0
"""What the official client waits by default."""
ATTEMPTS = 6
"""With the pauses between them about 15 seconds: a process that has just been started loads torch first."""
_ANY = 1_000_000
"""The inference process makes requests wait itself."""


def infer_remote(settings: Settings) -> Remote:
    """Where it listens. Raises `Unavailable` where none is set up."""
    if settings.infer_url is None:
        raise Unavailable(
            "There is no inference process. `burnish serve` starts one; else set infer_url to where it listens."
        )
    url = f"{settings.infer_url.rstrip('/')}/v1"
    return Remote(base_url=url, timeout_s=TIMEOUT_S, concurrency=_ANY, attempts=ATTEMPTS)


def extra_of(served: Served) -> dict[str, Json]:
    """What its requests have beside OpenAI's fields: which weights answer."""
    return {"burnish": served.model_dump()}


def embedder_of(name: str) -> Served:
    """An embedding model of `models.embedders`."""
    return Served(base=name, kind="embedder")


def infer_client() -> httpx2.AsyncClient:
    """What speaks to it over the network."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(TIMEOUT_S, connect=5.0),
        limits=httpx2.Limits(max_connections=None),  # it is the processes there that say when it is too much
        follow_redirects=True,  # from the process that is asked first to that of the model
    )
