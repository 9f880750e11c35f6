"""The local sampler: the engine, driven from an event loop but run in the model's own thread."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from burnish.core.rollout import Completion
from burnish.policy.adapter import Adapter
from burnish.policy.engine import Engine, Finished, ended_in
from burnish.policy.load import Base
from burnish.policy.roles import Abilities, Request
from burnish.policy.slots import Slots

_STEPS = 16
"""Most engine steps between two looks at the event loop."""
_POLICY = "policy"


class LocalSampler:
    """Answers with the base's weights, or with an adapter on it.

    Every call starts with an empty cache, so that what it samples follows from requests and weights alone; `keeps`
    instead holds on to prompts between calls, for a judge whose long instructions come again and again. `slots` are
    room that nobody else uses during a call.
    """

    def __init__(
        self,
        base: Base,
        adapter: Adapter | None = None,
        *,
        max_rows: int = 64,
        keeps: bool = False,
        slots: Slots | None = None,
    ) -> None:
        self._base = base
        self._adapter = adapter
        self._max_rows = max_rows
        self._slots = slots
        self._kept = self._engine() if keeps else None

    @property
    def can(self) -> Abilities:
        """Everything."""
        return Abilities(grammar=True, kl_in_loss=True, exact_resume=True)

    async def sample(self, requests: Sequence[Request]) -> AsyncIterator[Completion]:
        """Yield each answer as it finishes."""
        loop = asyncio.get_running_loop()
        engine = self._kept or self._engine()
        name = None if self._adapter is None else _POLICY
        tickets: list[int] = []
        try:
            await loop.run_in_executor(self._base.thread, _add, engine, requests, name, tickets)
            while not engine.idle:
                for finished in await loop.run_in_executor(self._base.thread, _some_steps, engine):
                    yield finished.completion
        finally:
            if not engine.idle:
                await loop.run_in_executor(self._base.thread, _cancel, engine, tickets)

    def _engine(self) -> Engine:
        engine = Engine(self._base, max_rows=self._max_rows, slots=self._slots)
        if self._adapter is not None:
            engine.attach(_POLICY, self._adapter)
        return engine


def _add(engine: Engine, requests: Sequence[Request], name: str | None, tickets: list[int]) -> None:
    for request in requests:
        tickets.append(engine.add(request, name))  # noqa: PERF401 - what was added must be known if one is refused


def _some_steps(engine: Engine) -> list[Finished]:
    """Step until an answer ends, or it is time to look up."""
    for _ in range(_STEPS):
        ended = ended_in(engine.step(ends_only=True))
        if ended or engine.idle:
            return ended
    return []


def _cancel(engine: Engine, tickets: Sequence[int]) -> None:
    for ticket in tickets:
        engine.cancel(ticket)
