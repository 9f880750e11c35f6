"""Work that goes on when its request has been answered, by the id of what it makes."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Tasks:
    """What is under way in this server; lives in one event loop."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin."""
        task = asyncio.create_task(work)
        self._running[name] = task
        task.add_done_callback(lambda ended: self._ended(name, ended))

    def is_running(self, name: str) -> bool:
        """Whether it is still being made here."""
        return name in self._running

    async def cancel(self, name: str) -> None:
        """End it, if it is under way, and wait until it has."""
        task = self._running.get(name)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._running.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("unexpected error in the background", exc_info=error, extra={"task": name})

    async def aclose(self) -> None:
        """End all of it."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
