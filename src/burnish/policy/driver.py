"""Steps an Engine in its model's thread; asyncio hands in requests and gets tokens back.

Requests that arrive while the engine works join its batch at the next step, so concurrent callers share every
forward pass. All of the engine's state is touched in that thread alone, and no lock is needed. Each step is a task of
its own in the thread's queue: whatever else uses the model gets its turn between two.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from burnish.core.errors import Unavailable
from burnish.policy.engine import Event, Failed, Finished
from burnish.policy.roles import Request
from burnish.policy.row import Token

log = logging.getLogger(__name__)
T = TypeVar("T")


class Steps(Protocol):
    """What the driver needs of an engine."""

    def add(self, request: Request, adapter: str | None = None) -> int:
        """Queue an answer; its ticket."""
        ...

    def cancel(self, ticket: int) -> None:
        """Forget an answer, whether it has begun, finished or neither."""
        ...

    def step(self) -> list[Event]:
        """Advance every answer."""
        ...

    def attach(self, name: str, adapter: Path) -> None:
        """Load an adapter from a PEFT directory."""
        ...

    def detach(self, name: str) -> None:
        """Drop an adapter."""
        ...

    @property
    def idle(self) -> bool:
        """Whether there is nothing to advance."""
        ...


class News(NamedTuple):
    """What a step gave one of a caller's requests."""

    number: int
    """Which of the requests, counted from 0."""
    event: Token | Finished


class Answers:
    """The answers to one caller's requests, as they come: iterate over it until all have finished."""

    def __init__(self, drop: Callable[[list[int]], None], *, ends_only: bool) -> None:
        self.ends_only = ends_only
        """Whether only the ends of answers are told, not every token."""
        self.loop = asyncio.get_running_loop()
        """Where they are awaited."""
        self._drop = drop
        self._inbox: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        self._numbers: dict[int, int] = {}
        """Ticket -> which of the requests, of those under way."""

    def stop(self, number: int) -> None:
        """Want no more of a request; nothing of it comes up again."""
        for ticket in [ticket for ticket, known in self._numbers.items() if known == number]:
            del self._numbers[ticket]
            self._drop([ticket])

    def expect(self, tickets: Sequence[int]) -> None:
        """Know the tickets of the requests, in their order."""
        self._numbers = {ticket: number for number, ticket in enumerate(tickets)}

    def put(self, events: Sequence[Event | BaseException]) -> None:
        """Take what the engine said, in the event loop."""
        for event in events:
            self._inbox.put_nowait(event)

    def ready(self) -> list[News]:
        """What else has come, without waiting for more. Raises like the iteration."""
        found: list[News] = []
        while not self._inbox.empty():
            news = self._news(self._inbox.get_nowait())
            if news is not None:
                found.append(news)
        return found

    def __aiter__(self) -> "Answers":
        """Itself."""
        return self

    async def __anext__(self) -> News:
        """The next token or end. Raises what an answer failed with, and `Unavailable` where the engine has failed."""
        while self._numbers:
            news = self._news(await self._inbox.get())
            if news is not None:
                return news
        raise StopAsyncIteration

    def _news(self, event: Event | BaseException) -> News | None:
        """None of a request that is not wanted any more."""
        if isinstance(event, BaseException):
            raise Unavailable(f"The engine failed: {type(event).__name__}: {event}") from event
        number = self._numbers.get(event.ticket)
        if number is None:
            return None
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, Finished):
            del self._numbers[event.ticket]
        return News(number, event)


class Driver:
    """Runs an engine for any number of asyncio callers, of one event loop or of several."""

    def __init__(self, engine: Steps, thread: ThreadPoolExecutor) -> None:
        """`thread` has one worker, the only one that touches the engine and its model: `Base.thread`."""
        self._engine = engine
        self._thread = thread
        self._waiting: dict[int, Answers] = {}
        """By ticket; touched in the engine's thread only, like the two below."""
        self._stepping = False
        self._failure: BaseException | None = None

    @property
    def failed(self) -> bool:
        """Whether the engine has failed or was closed: nothing more can be asked of it."""
        return self._failure is not None

    @property
    def load(self) -> int:
        """Answers that are under way or wait for their turn."""
        return len(self._waiting)

    @asynccontextmanager
    async def answer(
        self, requests: Sequence[Request], adapter: str | None = None, *, ends_only: bool = False
    ) -> AsyncGenerator[Answers, None]:
        """Ask the engine; leaving the block cancels what has not finished. `ends_only`: no news of single tokens.

        Raises what `Engine.add` raises (then nothing is asked), and `Unavailable` where the engine has failed.
        """
        answers = Answers(lambda tickets: self._submit_quietly(lambda: self._cancel(tickets)), ends_only=ends_only)
        tickets: list[int] = []
        try:
            await self._call(lambda: self._add(requests, adapter, answers, tickets))
            answers.expect(tickets)
            yield answers
        finally:
            # In the engine's thread, after `_add` even where the wait for that was cancelled.
            self._submit_quietly(lambda: self._cancel(tickets))

    async def attach(self, name: str, directory: Path) -> None:
        """Load an adapter into the engine, between two steps."""
        await self._call(lambda: self._engine.attach(name, directory))

    async def detach(self, name: str) -> None:
        """Drop an adapter from the engine, between two steps."""
        await self._call(lambda: self._engine.detach(name))

    def close(self) -> None:
        """Stop after the present step; whoever still waits gets `Unavailable`. The thread goes on."""
        self._submit_quietly(lambda: self._fail(Unavailable("it was shut down")))

    async def _call(self, act: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._submit(act))

    def _submit(self, act: Callable[[], T]) -> "Future[T]":
        try:
            return self._thread.submit(act)
        except RuntimeError as error:
            raise Unavailable("The engine was shut down.") from error

    def _submit_quietly(self, act: Callable[[], None]) -> None:
        with suppress(Unavailable):
            self._submit(act)

    # What follows runs in the engine's thread.

    def _add(self, requests: Sequence[Request], adapter: str | None, answers: Answers, tickets: list[int]) -> None:
        if self._failure is not None:
            raise Unavailable(f"The engine failed: {self._failure}")
        for request in requests:
            ticket = self._engine.add(request, adapter)
            tickets.append(ticket)
            self._waiting[ticket] = answers
        if not self._stepping:
            self._stepping = True
            self._step_soon()

    def _cancel(self, tickets: Sequence[int]) -> None:
        for ticket in tickets:
            if self._waiting.pop(ticket, None) is not None:
                self._engine.cancel(ticket)

    def _step_soon(self) -> None:
        # Through the queue, so that requests and cancellations that came meanwhile go first.
        with suppress(RuntimeError):  # Shut down: `close` has told those who wait.
            self._thread.submit(self._step).add_done_callback(self._stepped)

    def _step(self) -> None:
        if self._failure is not None or self._engine.idle:
            self._stepping = False
            return
        posts: dict[Answers, list[Event | BaseException]] = {}
        for event in self._engine.step():
            answers = self._waiting.get(event.ticket)
            is_end = not isinstance(event, Token)
            if answers is not None and (is_end or not answers.ends_only):
                posts.setdefault(answers, []).append(event)
            if is_end:
                self._waiting.pop(event.ticket, None)
        _post(posts)
        self._stepping = not self._engine.idle
        if self._stepping:
            self._step_soon()

    def _stepped(self, future: "Future[None]") -> None:
        error = future.exception()
        if error is not None:
            log.error("engine failed", exc_info=error)
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        _post({answers: [error] for answers in set(self._waiting.values())})
        self._waiting.clear()


def _post(posts: Mapping[Answers, Sequence[Event | BaseException]]) -> None:
    """Hand events over to the event loops that await them, waking each once."""
    for loop in {answers.loop for answers in posts}:
        mine = [(answers, events) for answers, events in posts.items() if answers.loop is loop]
        with suppress(RuntimeError):  # The loop has closed: nobody waits any more.
            loop.call_soon_threadsafe(_put_all, mine)


def _put_all(posts: Sequence[tuple[Answers, Sequence[Event | BaseException]]]) -> None:
    for answers, events in posts:
        answers.put(events)
