"""The judges of a run: each model name's Chat, local models in engines of their own."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from burnish.core.errors import InvalidRequest
from burnish.grade.tools import Chat
from burnish.policy.chat import EngineChat
from burnish.policy.driver import Driver
from burnish.policy.engine import Engine
from burnish.policy.load import Base
from burnish.remote.chat import RemoteChat
from burnish.settings import Settings
from burnish.spec.chat import ChatCompletion, ChatRequest

ROWS = 64
"""Most answers that a local judge writes at a time."""


@dataclass(slots=True)
class Judges:
    """A Chat that hands each request to its model's. Opened on first use, kept until the run ends."""

    settings: Settings
    base: Base
    """The run's base model; a judge on the same weights shares it, adapter off."""
    _chats: dict[str, Chat] = field(default_factory=dict)
    _drivers: list[Driver] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(cls, settings: Settings, base: Base) -> "Iterator[Judges]":
        """Closed with the block."""
        judges = cls(settings, base)
        try:
            yield judges
        finally:
            for driver in judges._drivers:
                driver.close()

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The answer of the model that the request names."""
        target = self.settings.resolve(request.model)  # all its aliases share its limit of requests under way
        if target not in self._chats:
            self._chats[target] = self._open(request.model)
        if request.seed is None:
            request = request.model_copy(update={"seed": _seed_of(request)})
        return await self._chats[target].complete(request)

    def is_local(self, name: str) -> bool:
        """Whether a judge would work on this machine's cores."""
        return self.settings.local_path(name) is not None

    def _open(self, name: str) -> Chat:
        target = self.settings.resolve(name)
        if target in self.settings.models.remote:
            return RemoteChat(self.settings.models.remote[target], target)
        path = self.settings.local_path(name)
        if path is None:
            raise InvalidRequest(
                f"There is no judge model '{name}' here. Name one in models.local, models.remote or models.aliases.",
                param="grader.model",
                code="model_not_found",
            )
        base = self._base_of(path)
        driver = Driver(Engine(base, max_rows=ROWS), base.thread)
        self._drivers.append(driver)
        return EngineChat(base, driver, name)

    def _base_of(self, path: str) -> Base:
        """The run's own weights must stay those of the base: under full-weight training a judge gets a copy."""
        shares = path == self.base.name and self.settings.training.parameters == "lora"
        training = self.settings.training
        if shares:
            return self.base
        base = Base.load(path, threads=training.threads, dtype=training.dtype)
        base.beat = self.base.beat
        return base


def _seed_of(request: ChatRequest) -> int:
    """A seed that hangs on the request alone: the same answer is judged the same way in every repetition of a step."""
    digest = hashlib.sha256(request.model_dump_json(exclude_none=True).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
