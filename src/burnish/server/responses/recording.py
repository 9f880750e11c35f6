"""The events of responses that are made in the background, for whoever comes to read them, from the start or later."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

Event = dict[str, Any]

MOST_ENDED = 100
"""Recordings that are kept once their response has ended."""


class Recording:
    """The events of one response, in order; lives in one event loop."""

    def __init__(self) -> None:
        self.has_ended = False
        self._events: list[Event] = []
        self._news = asyncio.Event()

    def add(self, event: Event) -> None:
        """Another one."""
        self._events.append(event)
        self._wake()

    def end(self) -> None:
        """There will be no more."""
        self.has_ended = True
        self._wake()

    async def after(self, number: int) -> AsyncGenerator[Event, None]:
        """The events whose `sequence_number` is greater, as they come, until the last one."""
        place = number + 1
        while True:
            while place < len(self._events):
                yield self._events[place]
                place += 1
            if self.has_ended:
                return
            await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Recordings:
    """By the ids of their responses. Of those that have ended, the latest are kept."""

    def __init__(self) -> None:
        self._by_id: dict[str, Recording] = {}

    def begin(self, response_id: str) -> Recording:
        """A new one."""
        ended = [name for name, recording in self._by_id.items() if recording.has_ended]
        for name in ended[: max(0, len(ended) - MOST_ENDED + 1)]:
            del self._by_id[name]
        recording = self._by_id[response_id] = Recording()
        return recording

    def get(self, response_id: str) -> Recording | None:
        """The one of a response; None where it has none, or none any more."""
        return self._by_id.get(response_id)
