"""Work done for a client ends when the client has gone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from burnish.core.errors import BurnishError

T = TypeVar("T")


class HungUp(BurnishError):
    """The client closed the connection before its answer was ready; nobody reads this."""

    status = 499
    type = "invalid_request_error"


async def unless_gone(work: Awaitable[T], receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> T:
    """The work's result. Where the client hangs up first, the work is cancelled and `HungUp` raised.

    `receive` is ASGI's; the request's body must have been read.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise HungUp("The client hung up.")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
