"""Events on their way to the endpoints that the settings name.

Each endpoint has turns of its own, so that a slow one holds up no other. A delivery is claimed before it is tried and
written down afterwards: a server that dies in between leaves it to the next one, with the same id.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from burnish.core.webhook import Attempt, Delivery, DeliveryStatus
from burnish.settings import Webhook
from burnish.store.outbox import Outbox, Subscription
from burnish.webhooks.sender import Sender

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 5.0
"""After the first attempt; each later pause is four times the one before."""
LONGEST_PAUSE_S = 6 * 3600.0
WINDOW_S = 72 * 3600.0
"""How long an event is tried, as at OpenAI."""
AT_ONCE = 8
"""Most requests to one endpoint that a server has under way."""
_MARGIN_S = 30.0
"""How much longer a claim lasts than a request may."""
_GONE = 410


@dataclass(frozen=True, slots=True)
class Deliverer:
    """What a server does for webhooks."""

    hooks: Mapping[str, Webhook]
    outbox: Outbox
    sender: Sender
    clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = field(default=lambda: random.uniform(0.8, 1.2))

    async def spread(self) -> None:
        """See to it that new events have their deliveries."""
        wanted = {name: Subscription(hook.events, hook.project) for name, hook in self.hooks.items()}
        await asyncio.to_thread(self.outbox.spread, wanted, now=self.clock())

    async def deliver(self, name: str) -> None:
        """Try what is due at an endpoint, once."""
        lease_s = self.hooks[name].timeout_s + _MARGIN_S
        due = await asyncio.to_thread(self.outbox.claim, name, limit=AT_ONCE, lease_s=lease_s, now=self.clock())
        for failure in await asyncio.gather(*map(self._try, due), return_exceptions=True):
            if failure is not None:
                raise failure

    async def _try(self, delivery: Delivery) -> None:
        attempt = await self.sender.send(delivery.event, self.hooks[delivery.endpoint])
        status, due = self._outcome(delivery, attempt)
        told = {
            "endpoint": delivery.endpoint,
            "event": delivery.event.id,
            "type": delivery.event.type,
            "attempt": len(delivery.attempts) + 1,
        }
        match status:
            case "delivered":
                log.info("webhook delivered", extra=told)
            case "pending":
                pause_s = round(due - self.clock())
                log.warning("webhook will be tried again", extra={**told, "reason": attempt.error, "pause_s": pause_s})
            case "failed":
                log.error("webhook given up", extra={**told, "reason": attempt.error})
        if not await asyncio.to_thread(self.outbox.record, delivery, attempt, status, due=due):
            log.warning("webhook was another server's by then", extra=told)

    def _outcome(self, delivery: Delivery, attempt: Attempt) -> tuple[DeliveryStatus, float]:
        """Where a delivery stands after an attempt, and when it is due again."""
        now = self.clock()
        if attempt.error is None:
            return "delivered", now
        due = now + pause_s(len(delivery.attempts) + 1, attempt.retry_after_s) * self.jitter()
        if attempt.status == _GONE or due > delivery.began_at + WINDOW_S:
            return "failed", now
        return "pending", due


def pause_s(attempts: int, wished_s: float | None = None) -> float:
    """How long an endpoint is left alone after so many attempts; longer if it asked for that."""
    pause = min(FIRST_PAUSE_S * 4.0 ** min(attempts - 1, 10), LONGEST_PAUSE_S)
    return max(pause, min(wished_s or 0.0, LONGEST_PAUSE_S))
