"""Posts JSON to the addresses that endpoint graders name."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx2

from burnish.core.errors import GraderUnavailable, TooLarge
from burnish.remote.endpoint import describe

Json = Any

TIMEOUT_S = 600.0
MAX_BYTES = 1024 * 1024
"""Of what is sent, and of what is read of an answer."""
CONCURRENCY = 64
"""Requests under way at a time, over all addresses."""
DIRECT = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}
"""A proxy from the environment is meant for the outside, never for a process on this machine."""


class HttpPoster:
    """A Poster over the network: one attempt a call, no redirects. Lives in one event loop."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, client: httpx2.AsyncClient | None = None) -> None:
        """`client` is the caller's, who closes it."""
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._is_ours = client is None
        self._client = httpx2.AsyncClient(timeout=timeout_s, mounts=DIRECT) if client is None else client

    async def post(self, url: str, body: Mapping[str, Json], headers: Mapping[str, str]) -> Json:
        """The JSON that a 2xx answer holds.

        Raises `TooLarge` for a body over `MAX_BYTES`, which is not sent, and `GraderUnavailable` for all else.
        """
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if len(content) > MAX_BYTES:
            raise TooLarge(f"The sample and the item have {len(content)} bytes; at most {MAX_BYTES} are sent.")
        sent = {"content-type": "application/json", **{name.lower(): value for name, value in headers.items()}}
        request = self._client.build_request("POST", url, content=content, headers=sent)
        try:
            async with self._slots, asyncio.timeout(self._timeout_s):
                response = await self._client.send(request, stream=True, follow_redirects=False)
                try:
                    answer = await _read(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise GraderUnavailable(f"no answer within {self._timeout_s:g} s") from error
        except httpx2.HTTPError as error:
            raise GraderUnavailable(describe(error)) from error
        if not response.is_success:
            redirected = "; redirects are not followed" if response.is_redirect else ""
            raise GraderUnavailable(f"HTTP {response.status_code}{redirected}")
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise GraderUnavailable("the answer is not JSON") from error

    async def aclose(self) -> None:
        """Close all connections, unless the client is the caller's."""
        if self._is_ours:
            await self._client.aclose()


async def _read(response: httpx2.Response) -> bytes:
    """The answer's body, up to a limit: an endpoint that floods us must not fill our memory."""
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > MAX_BYTES:
            raise GraderUnavailable(f"the answer has more than {MAX_BYTES} bytes")
    return bytes(read)
