"""What a server does beside answering: it removes what has run out, and tells endpoints what has happened."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from burnish.server.background import repeating
from burnish.server.state import State
from burnish.store.expiry import expire
from burnish.webhooks.deliverer import Deliverer
from burnish.webhooks.sender import Sender

EXPIRE_EVERY_S = 60.0
DELIVER_EVERY_S = 1.0
SWEEP_EVERY_S = 3600.0


@asynccontextmanager
async def errands(state: State) -> AsyncIterator[None]:
    """All of it, while inside."""

    async def expire_now() -> None:
        await asyncio.to_thread(expire, state.store, state.blobs, time.time())

    async def sweep_now() -> None:
        await asyncio.to_thread(state.blobs.sweep, time.time())

    async with AsyncExitStack() as stack:
        sender = Sender()
        stack.push_async_callback(sender.aclose)
        deliverer = Deliverer(state.settings.webhooks, state.store.outbox, sender)
        await stack.enter_async_context(repeating(expire_now, every_s=EXPIRE_EVERY_S))
        await stack.enter_async_context(repeating(sweep_now, every_s=SWEEP_EVERY_S))
        await stack.enter_async_context(repeating(deliverer.spread, every_s=DELIVER_EVERY_S))
        for name in deliverer.hooks:
            await stack.enter_async_context(repeating(partial(deliverer.deliver, name), every_s=DELIVER_EVERY_S))
        yield
