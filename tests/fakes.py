"""Stand-ins for the roles that are hard to have in a test."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burnish.core.outcome import Outcome
from burnish.core.rollout import Grade, SampleKey
from burnish.spec.chat import ChatChoice, ChatCompletion, ChatMessage, ChatRequest, ChatUsage, PromptDetails
from burnish.work.journal import ResumePoint, StepRecord, Wish
from burnish.work.plan import Plan
from burnish.work.pulse import Pulse


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
    point: ResumePoint | None = None
    """Where to begin."""
    records: list[StepRecord] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    grades: dict[tuple[SampleKey, str], Grade] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def steps(self) -> list[StepRecord]:
        """Without the look before the first."""
        return [record for record in self.records if record.step]

    def begin(self, plan: Plan) -> ResumePoint | None:
        return self.point

    def wish(self) -> Wish:
        return self.wishes.pop(0) if self.wishes else Wish.GO_ON

    def grade(self, key: SampleKey, digest: str) -> Grade | None:
        return self.grades.get((key, digest))

    def record_grade(self, key: SampleKey, digest: str, grade: Grade) -> None:
        self.grades[key, digest] = grade

    def commit(self, record: StepRecord) -> None:
        self.records.append(record)

    def say(self, message: str, *, level: str = "info", data: dict[str, Any] | None = None) -> None:
        self.said.append(message)

    def room(self, kind: str, step: int) -> Path:
        return self.directory / f"{kind}-{step}"


@dataclass
class FakeEmbedder:
    """Knows a few texts' vectors; an error, if given, is raised instead."""

    vectors: Mapping[str, list[float]]
    error: Exception | None = None
    asked: list[list[str]] = field(default_factory=list)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked.append(list(texts))
        if self.error is not None:
            raise self.error
        return [self.vectors[text] for text in texts]


@dataclass
class FakePoster:
    """A Poster that gives its answers in order, the last one for ever; an exception among them is raised."""

    answers: Sequence[Any]
    sent: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    async def post(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        self.sent.append((url, dict(body), dict(headers)))
        now = self.answers[min(len(self.sent), len(self.answers)) - 1]
        if isinstance(now, Exception):
            raise now
        return now


@dataclass
class FakeSandbox:
    """A Sandbox that gives its outcomes in order, the last one for ever; an exception among them is raised."""

    outcomes: Sequence[Outcome | Exception] = ()
    why_not: str | None = None
    """Why it refuses all graders."""
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def refusal(self) -> str | None:
        return self.why_not

    async def grade(self, source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        self.asked.append((source, dict(sample), dict(item)))
        now = self.outcomes[min(len(self.asked), len(self.outcomes)) - 1]
        if isinstance(now, Exception):
            raise now
        return now
