"""What graders need from outside, handed to `build`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from burnish.core.rollout import Json
from burnish.spec.chat import ChatCompletion, ChatRequest


class Chat(Protocol):
    """Any model that answers chat requests: a judge."""

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The answer. Raises `GraderUnavailable` where the model failed us, `InvalidRequest` where it refused."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call of a user's `grade(sample, item)` ended."""

    score: float | None
    """The finite number that it returned; None where it returned none."""
    error: str | None = None
    """Where there is no score: the user's traceback, or what was wrong with the value returned."""
    timed_out: bool = False
    """Whether it was stopped at the time limit."""


class Sandbox(Protocol):
    """Runs python graders where they can do no harm."""

    async def grade(self, source: str, sample: Mapping[str, Json], item: Mapping[str, Json]) -> Outcome:
        """Call the source's `grade`, by itself: nothing that an earlier call did is seen.

        Raises `GraderUnavailable` where the sandbox failed us.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in order, all of one length. Raises `GraderUnavailable`."""
        ...


class Poster(Protocol):
    """Sends JSON to an HTTP endpoint."""

    async def post(self, url: str, body: Mapping[str, Json], headers: Mapping[str, str]) -> Json:
        """The JSON that a 2xx answer holds. Raises `GraderUnavailable` for everything else."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """The bundle; None: there is no such thing here, and graders that need it are refused."""

    chat: Chat | None = None
    sandbox: Sandbox | None = None
    embedder: Embedder | None = None
    poster: Poster | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits between attempts, in seconds."""
