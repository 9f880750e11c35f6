"""Asks again what has failed us, after pauses."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from burnish.core.errors import GraderUnavailable

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]
_Result = TypeVar("_Result")


async def persist(
    act: Callable[[], Awaitable[_Result]], pauses_s: Sequence[float], sleep: Sleep, about: Mapping[str, Any]
) -> _Result:
    """What `act` gives, tried once more after each pause. Raises the last `GraderUnavailable`.

    `about` goes into the log with every failure.
    """
    for attempt, pause_s in enumerate(pauses_s, start=1):
        try:
            return await act()
        except GraderUnavailable as error:
            fields = {**about, "attempt": attempt, "pause_s": pause_s, "reason": error.message}
            log.warning("a grader failed us and is tried again", extra=fields)
            await sleep(pause_s)
    return await act()
