"""Decodes many requests at once on one base: the synchronous heart of sampling, serving and judging.

What is done in which step follows from the requests and the weights alone, never from time. One thread only.

Letters: R rows, N packed tokens, C most tokens that a row adds in one pass, T slots, X hidden size.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from burnish.core.errors import BurnishError, InvalidRequest, NotFound
from burnish.core.rollout import Completion, SampleKey
from burnish.policy.adapter import Adapter, Route
from burnish.policy.cache import Prompt, Prompts
from burnish.policy.distribution import Distribution
from burnish.policy.load import Base
from burnish.policy.prefill import PASS_TOKENS, Prefill, Wanted
from burnish.policy.random import uniform
from burnish.policy.roles import Request
from burnish.policy.row import Row, Token
from burnish.policy.slots import Slots
from burnish.policy.vocabulary import Bits, choices_of

PREFIX_BYTES = 256 * 1024 * 1024
"""Most memory of prompts kept for reuse."""
ROW_BYTES = 4 * 1024 * 1024 * 1024
"""About the most memory of the rows' keys and values."""


@dataclass(frozen=True, slots=True)
class Finished:
    """An answer ended."""

    ticket: int
    completion: Completion
    cached_tokens: int
    """Prompt tokens that had been computed before this request was taken up."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An answer cannot go on; the others do."""

    ticket: int
    error: BurnishError


Event = Token | Finished | Failed


@dataclass(frozen=True, slots=True)
class _Attached:
    adapter: Adapter
    serial: int
    """Tells two adapters of one name apart in the prompt cache."""


class Engine:
    """Requests in, tokens out, a step at a time."""

    def __init__(
        self,
        base: Base,
        *,
        max_rows: int = 64,
        prefix_bytes: int = PREFIX_BYTES,
        row_bytes: int = ROW_BYTES,
        skip_forced: bool = True,
        slots: Slots | None = None,
        invariant: bool = False,
    ) -> None:
        """`invariant`: the bits of an answer do not change with what else is asked; see `policy/invariance.py`."""
        self._base = base
        self._max_rows = max_rows
        self._row_bytes = row_bytes
        self._invariant = invariant
        self._skip_forced = skip_forced and not invariant
        """Append tokens without alternative at once, instead of drawing them one by one from a set of one."""
        self._adapters: dict[str, _Attached] = {}
        self._pending: list[tuple[SampleKey, int, Request, str | None]] = []
        self._rows: list[Row] = []
        self._slots = slots or base.slots()
        self._prompts = Prompts(prefix_bytes)
        self._prefill = Prefill(base, self._prompts, alone=invariant)
        self._tickets = 0
        self._serials = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._rows and not self._pending

    def attach(self, name: str, adapter: Path | Adapter) -> None:
        """Make an adapter known: a PEFT directory, or one in memory that may go on learning between steps."""
        if isinstance(adapter, Path):
            adapter = Adapter.read(adapter, self._base.routing.targets)
        self._serials += 1
        self._adapters[name] = _Attached(adapter, self._serials)

    def detach(self, name: str) -> None:
        """Forget an adapter; an error while requests use it."""
        self._attached(name)
        names = [row.adapter_name for row in self._rows] + [pending[3] for pending in self._pending]
        if name in names:
            raise BurnishError(f"Adapter {name} is in use.")
        self._prompts.forget(self._owner(name))
        del self._adapters[name]

    def add(self, request: Request, adapter: str | None = None) -> int:
        """Put a request in line, in SampleKey order; its ticket. Equal prompts are computed once.

        Raises `InvalidRequest` where the prompt leaves no room in the context or the schema cannot be enforced,
        `NotFound` for an adapter that is not attached.
        """
        if adapter is not None:
            self._attached(adapter)
        if not request.prompt_ids or len(request.prompt_ids) >= self._base.context:
            raise InvalidRequest(
                f"The prompt has {len(request.prompt_ids)} tokens; the model's context of {self._base.context} must "
                "hold it and at least one token of the answer.",
                param="messages",
                code="context_length_exceeded",
            )
        self._base.constraints.of(request.response_schema, request.reasoning_tokens, request.calls)
        self._tickets += 1
        heapq.heappush(self._pending, (request.key, self._tickets, request, adapter))
        return self._tickets

    def cancel(self, ticket: int) -> None:
        """Drop a request wherever it stands; nothing more is said of it. Unknown tickets are none of our business."""
        self._pending = [pending for pending in self._pending if pending[1] != ticket]
        heapq.heapify(self._pending)
        for index, row in enumerate(self._rows):
            if row.ticket == ticket:
                self._remove(index)
                return

    def completions(self) -> list[Completion]:
        """Step until nothing is left to do; the answers by key. Raises what the first that failed says."""
        ended: list[Completion] = []
        while not self.idle:
            ended += [event.completion for event in ended_in(self.step(ends_only=True))]
        return sorted(ended, key=lambda completion: completion.key)

    @torch.no_grad()
    def step(self, *, ends_only: bool = False) -> list[Event]:
        """Take up requests while there is room, and bring every answer on by at least one token.

        `ends_only`: nobody asks for single tokens.
        """
        self._base.beat()
        started = len(self._rows)
        ready = list(self._rows)
        hidden = [self._decode()] if ready else []
        for row, prompt in self._admit():
            if not row.output:
                assert prompt.hidden_X is not None
                ready.append(row)
                hidden.append(prompt.hidden_X[None])
        lengths = [len(row.output) if index < started else 0 for index, row in enumerate(self._rows)]
        if ready:
            self._draw(ready, torch.cat(hidden))
        return self._report(None if ends_only else lengths)

    def _attached(self, name: str) -> _Attached:
        if name not in self._adapters:
            raise NotFound(f"Adapter {name} is not attached.", param="model", code="model_not_found")
        return self._adapters[name]

    def _owner(self, name: str | None) -> str:
        """Names the weights that a request is answered with."""
        if name is None:
            return f"base@{self._base.version}"
        attached = self._attached(name)
        return f"{name}#{attached.serial}@{attached.adapter.version}"

    def _admit(self) -> list[tuple[Row, Prompt]]:
        """Start rows in SampleKey order, as far as there is room; their prompts are computed together."""
        taken: list[tuple[SampleKey, int, Request, str | None]] = []
        seen: set[bytes] = set()
        tokens = 0
        longest = max((len(row.request.prompt_ids) + row.limit for row in self._rows), default=0)
        while self._pending and len(self._rows) + len(taken) < self._max_rows:
            request = self._pending[0][2]
            content = request.prompt_ids.tobytes()
            tokens += 0 if content in seen else len(request.prompt_ids)
            longest = max(longest, min(len(request.prompt_ids) + request.max_tokens, self._base.context))
            memory = (len(self._rows) + len(taken) + 1) * longest * self._base.token_bytes
            if (taken and tokens > PASS_TOKENS) or ((taken or self._rows) and memory > self._row_bytes):
                break
            seen.add(content)
            taken.append(heapq.heappop(self._pending))
        if not taken:
            return []
        wanted = [Wanted(self._owner(name), self._adapter(name), request.prompt_ids) for *_, request, name in taken]
        prompts, cached = self._prefill.compute(wanted)
        most = max(prompt.own for prompt in prompts)
        self._slots.reserve(len(self._rows) + len(taken), most + 1)
        uses = {id(prompt): prompts.count(prompt) for prompt in prompts}
        started: list[tuple[Row, Prompt]] = []
        for (_, ticket, request, name), prompt, known in zip(taken, prompts, cached, strict=True):
            row = self._start(
                ticket, request, name, prompt, known, in_place=uses[id(prompt)] > 1 and not self._invariant
            )
            started.append((row, prompt))
        return started

    def _adapter(self, name: str | None) -> Adapter | None:
        return None if name is None else self._attached(name).adapter

    def _start(
        self, ticket: int, request: Request, name: str | None, prompt: Prompt, known: int, in_place: bool
    ) -> Row:
        """A row after its prompt: a long one, or its long beginning, is looked at where it stands."""
        whole = in_place and prompt.parent is None and prompt.own >= self._slots.worth_sharing
        shared = prompt if whole else prompt.parent
        adapter = self._adapter(name)
        row = Row(
            ticket=ticket,
            request=request,
            adapter_name=name,
            adapter=adapter,
            policy_version=self._base.version if adapter is None else adapter.version,
            constraint=self._base.constraints.of(request.response_schema, request.reasoning_tokens, request.calls),
            limit=min(request.max_tokens, self._base.context - len(request.prompt_ids)),
            cached_tokens=known,
            shared=shared,
            used=0 if whole else prompt.own,
        )
        self._rows.append(row)
        self._slots.start(len(self._rows) - 1, prompt, shared)
        if self._skip_forced:
            row.take_forced()
        return row

    def _decode(self) -> Tensor:
        """Send what waits of all rows through the network; the hidden state after each row's last token, [R, X]."""
        rows = self._rows
        counts = [len(row.waiting) for row in rows]
        self._slots.reserve(len(rows), max(row.used for row in rows) + max(counts))
        each = [(index, offset) for index, count in enumerate(counts) for offset in range(count)]
        attention = self._slots.attention(
            [index for index, _ in each], [rows[index].used + offset for index, offset in each], len(rows)
        )
        ids_N = torch.tensor([token for row in rows for token in row.waiting])
        position_N = torch.tensor([rows[index].position + offset for index, offset in each])
        with self._base.routing.through(_routes(rows, counts, self._max_rows if self._invariant else None)):
            hidden_NX = self._base.network.hidden(ids_N, position_N, attention)
        for row, count in zip(rows, counts, strict=True):
            row.used += count
            row.waiting.clear()
        return hidden_NX if len(each) == len(rows) else hidden_NX[torch.tensor(counts).cumsum(0) - 1]

    def _draw(self, rows: Sequence[Row], hidden_RX: Tensor) -> None:
        """Each row's next token, and those after it that have no alternative."""
        stream_R = np.array([row.stream for row in rows], dtype=np.uint64)
        position_R = np.array([len(row.output) for row in rows], dtype=np.uint64)
        logits_RV = self._base.network.logits(hidden_RX)
        looked_at = {
            index: self._distribution(row, logits_RV[index]) for index, row in enumerate(rows) if _is_open(row)
        }
        drawn = self._base.network.kernels.draw(
            logits_RV,
            choices_of([_allowed(row, looked_at.get(index)) for index, row in enumerate(rows)]),
            torch.tensor([row.request.temperature for row in rows], dtype=torch.float32),
            torch.from_numpy(uniform(stream_R, position_R)),
        )
        ids, logprobs, masses = drawn.id_R.tolist(), drawn.logp_R.tolist(), drawn.mass_R.tolist()
        for index, row in enumerate(rows):
            token, most = ids[index], row.request.likeliest
            if token < 0:
                row.failure = BurnishError("The model's scores are no numbers any more: its training has diverged.")
                continue
            odds = None if most is None else looked_at[index].odds(token, most)
            row.take(token, logprobs[index], masses[index], odds)
            if self._skip_forced:
                row.take_forced()

    def _distribution(self, row: Row, logits_V: Tensor) -> Distribution:
        return Distribution(logits_V, self._base.vocabulary.flags([row.walk.allowed])[0])

    def _report(self, lengths: Sequence[int] | None) -> list[Event]:
        """What is new in each row since it had so many tokens; ended rows leave."""
        events: list[Event] = []
        ended: list[int] = []
        for index, row in enumerate(self._rows):
            if lengths is not None:
                events += row.tokens_from(lengths[index])
            if row.failure is not None:
                events.append(Failed(row.ticket, row.failure))
                ended.append(index)
            elif (finish := row.finish) is not None:
                events.append(Finished(row.ticket, row.completion(finish), row.cached_tokens))
                ended.append(index)
        for index in reversed(ended):
            self._remove(index)
        return events

    def _remove(self, index: int) -> None:
        """Let the last row take a row's place."""
        last = self._rows.pop()
        if index < len(self._rows):
            self._slots.move(len(self._rows), index, last.used)
            self._rows[index] = last


def ended_in(events: Sequence[Event]) -> list[Finished]:
    """The answers that ended. Raises what the first that failed says."""
    for event in events:
        if isinstance(event, Failed):
            raise event.error
    return [event for event in events if isinstance(event, Finished)]


def _is_open(row: Row) -> bool:
    """Whether a row's distribution must be looked at, beside being drawn from."""
    return row.request.top_p < 1 or row.request.likeliest is not None


def _allowed(row: Row, distribution: Distribution | None) -> Bits:
    """The ids to draw from."""
    if distribution is None or row.request.top_p == 1:
        return row.walk.allowed
    return distribution.nucleus(row.request.temperature, row.request.top_p)


def _routes(rows: Sequence[Row], counts: Sequence[int], room: int | None) -> list[Route]:
    """Each adapter with the packed tokens of its rows; with `room`, by products of one shape."""
    first = rows[0].adapter
    if room is None and all(row.adapter is first for row in rows):
        return [] if first is None else [Route(first, None)]
    tokens: dict[int, tuple[Adapter, list[int]]] = {}
    place = 0
    for row, count in zip(rows, counts, strict=True):
        if row.adapter is not None:
            tokens.setdefault(id(row.adapter), (row.adapter, []))[1].extend(range(place, place + count))
        place += count
    return [Route(adapter, torch.tensor(index), room or 0) for adapter, index in tokens.values()]
