"""What graders need from outside, handed to `build`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from burnish.core.outcome import Outcome
from burnish.core.rollout import Json
from burnish.spec.chat import ChatCompletion, ChatRequest

Asking = Callable[[str], AbstractContextManager[None]]


class Chat(Protocol):
    """Any model that answers chat requests: a judge."""

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The answer. Raises `GraderUnavailable` where the model failed us, `InvalidRequest` where it refused."""
        ...


class Sandbox(Protocol):
    """Runs python graders where they can do no harm."""

    def refusal(self) -> str | None:
        """Why no grader can run here; None where they can. The first call may take some seconds."""
        ...

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
        """The JSON that a 2xx answer holds, of one attempt.

        Raises `TooLarge` for a body that is too large to be sent, `GraderUnavailable` for everything else.
        """
        ...


class Thesaurus(Protocol):
    """Knows words of the same meaning."""

    def synonyms(self, word: str) -> frozenset[str]:
        """Words that the word, in lower case, may stand for."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """The bundle; None: there is no such thing here, and graders that cannot do without are refused."""

    chat: Chat | None = None
    sandbox: Sandbox | None = None
    embedder: Embedder | None = None
    poster: Poster | None = None
    thesaurus: Thesaurus | None = None
    """None: METEOR counts no synonyms, and says so in each grade."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits between attempts, in seconds."""
    asking: Asking | None = None
    """Entered with a grader's name while an answer waits for it; not for a `multi`, whose children are. None: nobody
    wants to know."""
