"""What the server does beside answering, again and again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from burnish.core.errors import StoreUnavailable

log = logging.getLogger(__name__)


@asynccontextmanager
async def repeating(turn: Callable[[], Awaitable[None]], *, every_s: float) -> AsyncIterator[None]:
    """Call a function at once and then so often, while inside; a call under way is waited for.

    A call that raises is logged, and the next comes all the same.
    """
    stopping = asyncio.Event()
    task = asyncio.create_task(_repeat(turn, every_s, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _repeat(turn: Callable[[], Awaitable[None]], every_s: float, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await turn()
        except StoreUnavailable as error:
            log.error("the store is not available; trying again", extra={"error": error.message})
        except Exception:
            log.exception("unexpected error beside the requests")
        try:
            await asyncio.wait_for(stopping.wait(), every_s)
        except TimeoutError:
            continue
