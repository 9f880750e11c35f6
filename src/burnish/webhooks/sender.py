"""One request to an endpoint, and what came of it."""

import asyncio
import time
from collections.abc import Callable

import httpx2

from burnish.core.webhook import Attempt, WebhookEvent
from burnish.remote.endpoint import describe, retry_after
from burnish.remote.poster import DIRECT
from burnish.settings import Webhook
from burnish.webhooks.message import body_of, headers_of


class Sender:
    """Speaks to endpoints. Lives in one event loop."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._client = httpx2.AsyncClient(mounts=DIRECT, timeout=None)  # the whole request has a time limit

    async def send(self, event: WebhookEvent, hook: Webhook) -> Attempt:
        """Tell an endpoint of an event, once. A 2xx is a success; the answer's body is not read."""
        now, begun = self._clock(), time.monotonic()
        status, error, pause_s = None, None, None
        try:
            async with asyncio.timeout(hook.timeout_s):
                request = self._client.build_request(
                    "POST", hook.url, content=body_of(event), headers=headers_of(event, hook, now)
                )
                response = await self._client.send(request, stream=True, follow_redirects=False)
                await response.aclose()
            status, pause_s = response.status_code, retry_after(response)
            if not response.is_success:
                redirected = "; redirects are not followed" if response.is_redirect else ""
                error = f"HTTP {status}{redirected}"
        except TimeoutError:
            error = f"no answer within {hook.timeout_s:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL) as failure:
            error = describe(failure)
        return Attempt(int(now), round(time.monotonic() - begun, 3), status, error, pause_s if error else None)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()
