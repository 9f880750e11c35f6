"""Whether a remote endpoint answers at present: one request for its list of models, which costs nothing anywhere."""

import time
from dataclasses import dataclass

import httpx2

from burnish.remote.endpoint import client_of
from burnish.settings import Remote

TIMEOUT_S = 5.0
_REFUSALS = {401, 403}


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of it."""

    reason: str | None
    """Why it is of no use now, without its address; None: it answers."""
    seconds: float


async def reach(settings: Remote, client: httpx2.AsyncClient | None = None) -> Reached:
    """Ask once, with the endpoint's key. Any answer will do but a refusal of the key or an error of its own."""
    began = time.perf_counter()
    reason = await _reason(settings, client or client_of(settings, most=1))
    return Reached(reason, time.perf_counter() - began)


async def _reason(settings: Remote, client: httpx2.AsyncClient) -> str | None:
    headers = {"authorization": f"Bearer {settings.api_key}"}
    async with client:
        try:
            answer = await client.get(f"{settings.base_url.rstrip('/')}/models", headers=headers, timeout=TIMEOUT_S)
        except httpx2.HTTPError as error:
            return f"no answer: {type(error).__name__}"
    if answer.status_code in _REFUSALS:
        return f"its key is refused: {answer.status_code}"
    return f"its server fails: {answer.status_code}" if answer.status_code >= 500 else None
