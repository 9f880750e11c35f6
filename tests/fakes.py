"""Stand-ins for the roles that are hard to have in a test."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burnish.spec.chat import ChatChoice, ChatCompletion, ChatMessage, ChatRequest, ChatUsage, PromptDetails
from burnish.work.journal import StepRecord, Wish


def answer(
    content: str | None, *, refusal: str | None = None, finish: str = "stop", usage: ChatUsage | None = None
) -> ChatCompletion:
    """A judge's answer; 100 tokens in, 60 of them cached, and 20 out, unless said otherwise."""
    used = usage or ChatUsage(
        prompt_tokens=100, completion_tokens=20, total_tokens=120, prompt_tokens_details=PromptDetails(cached_tokens=60)
    )
    message = ChatMessage(content=content, refusal=refusal)
    choice = ChatChoice(index=0, message=message, finish_reason=finish)
    return ChatCompletion(id="chatcmpl-1", created=0, model="judge", choices=[choice], usage=used)


def verdict(result: Any) -> ChatCompletion:
    """A judge's answer in the schema asked for."""
    return answer(json.dumps({"steps": [{"description": "read", "conclusion": "fine"}], "result": result}))


@dataclass
class FakeChat:
    """A Chat that gives its answers in order, the last one for ever; an exception among them is raised."""

    answers: Sequence[ChatCompletion | Exception]
    requests: list[ChatRequest] = field(default_factory=list)
    at_once: int = 0
    """How many requests were under way together, at most."""
    _under_way: int = 0

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        self.requests.append(request)
        now = self.answers[min(len(self.requests), len(self.answers)) - 1]
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        await asyncio.sleep(0)
        self._under_way -= 1
        if isinstance(now, Exception):
            raise now
        return now


@dataclass
class FakeSleep:
    """Takes no time and remembers how long it should have been."""

    pauses_s: list[float] = field(default_factory=list)

    async def __call__(self, pause_s: float) -> None:
        self.pauses_s.append(pause_s)


@dataclass
class ListJournal:
    """A journal that keeps its records; wishes come from `wishes`, then "go on" for ever."""

    directory: Path
    wishes: list[Wish] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def commit(self, record: StepRecord) -> Wish:
        self.records.append(record)
        return self.wishes.pop(0) if self.wishes else Wish.GO_ON

    def say(self, message: str, *, level: str = "info", data: dict[str, Any] | None = None) -> None:
        self.said.append(message)

    def room(self, step: int) -> Path:
        return self.directory / f"step-{step}"
