"""What graders need from outside, handed to `build`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from burnish.spec.chat import ChatCompletion, ChatRequest


class Chat(Protocol):
    """Any model that answers chat requests: a judge."""

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The answer. Raises `GraderUnavailable` where the model failed us, `InvalidRequest` where it refused."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """The bundle; None: there is no such thing here, and graders that need it are refused."""

    chat: Chat | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits between attempts, in seconds."""
