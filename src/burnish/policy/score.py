"""Log-probs of examples' output tokens under the distribution that they were sampled from, and their gradients.

Prompts are packed once per group, the output head runs on the places that need it only, and constraints are replayed
chunk by chunk beside it. Logits of one chunk at a time are alive.

Letters: N packed tokens, P picked output tokens, V vocabulary, X hidden size.
"""

import itertools
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from burnish.core.rollout import Example
from burnish.learn.loss import clipped_policy_gradient, kl_estimate, reverse_kl
from burnish.policy.constraint import Constraints
from burnish.policy.kernels.kernels import Choices, Scores, sum_dtype
from burnish.policy.network import Network
from burnish.policy.pack import pack
from burnish.policy.roles import LossStats, PolicyGradient
from burnish.policy.tree import tree_attention
from burnish.policy.vocabulary import Bits, choices_of

Places = NDArray[np.intp]
"""Indexes of an example's output tokens."""
CHUNK_TOKENS = 1024
"""Fewest tokens that go through the head together: fewer, and its gradient is added too often."""
CHUNK_LOGITS, MOST_LOGITS = 2 * 1024 * 1024, 32 * 1024 * 1024
"""About the logits alive at once, as far as that makes enough tokens; and the most."""


@dataclass(frozen=True, slots=True)
class Picked:
    """Output tokens of one micro-batch, example by example."""

    hidden_PX: Tensor
    """The hidden state that predicts each."""
    target_P: Tensor
    temperature_P: Tensor
    allowed: Iterator[tuple[Bits | None, int]]
    """The sets that they were drawn from, as runs; None where there was no constraint."""


class Chunk(NamedTuple):
    """Some of them, through the head."""

    start: int
    logits_PV: Tensor
    choices: Choices
    temperature_P: Tensor
    target_P: Tensor
    scores: Scores


@dataclass(slots=True)
class Sums:
    """Per token with a gradient, in the order of the examples."""

    loss: list[float]
    kl: list[float]
    entropy: list[float]
    clipped: list[bool]
    gap: list[float]

    def stats(self) -> LossStats:
        """Summed, exactly rounded."""
        return LossStats(
            tokens=len(self.loss),
            loss=math.fsum(self.loss),
            kl=math.fsum(self.kl),
            entropy=math.fsum(self.entropy),
            clipped=sum(self.clipped),
            logp_gap_max=max(self.gap, default=0.0),
            logp_gap_sum=math.fsum(self.gap),
        )


class Scorer:
    """Scores examples with a network; whoever calls chooses the adapter."""

    def __init__(
        self,
        network: Network,
        constraints: Constraints,
        micro_tokens: int,
        *,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        """`beat` is called with every micro-batch."""
        self._beat = beat
        self._network = network
        self._constraints = constraints
        self._micro_tokens = micro_tokens
        """About the most packed tokens of a micro-batch: a constant of the plan."""

    @torch.no_grad()
    def logps(self, examples: Sequence[Example]) -> "list[array[float]]":
        """Log-probs of every output id; 0 where a constraint left no choice."""
        result: list[array[float]] = []
        for batch in self._micro_batches(examples):
            picked = self._pick(batch, lambda example: np.arange(len(example.output_ids)))
            flat = [logp for chunk in self._chunks(picked) for logp in chunk.scores.logp_P.tolist()]
            values = iter(flat)
            result += [array("d", itertools.islice(values, len(example.output_ids))) for example in batch]
        return result

    def backward(self, examples: Sequence[Example], loss: PolicyGradient) -> LossStats:
        """Add the gradient of the loss over all tokens with weight; examples stand in SampleKey order."""
        sums = Sums([], [], [], [], [])
        for batch in self._micro_batches(examples):
            picked = self._pick(batch, _weighed)
            if not len(picked.target_P):
                continue
            with torch.no_grad():
                dhidden_PX = self._through_head(picked, _Columns.of(batch, sum_dtype(self._network.dtype)), loss, sums)
            picked.hidden_PX.backward(dhidden_PX)  # type: ignore[no-untyped-call] # torch's own
        return sums.stats()

    def _through_head(self, picked: Picked, columns: "_Columns", loss: PolicyGradient, sums: Sums) -> Tensor:
        """The gradient at the hidden states, chunk by chunk."""
        parts: list[Tensor] = []
        for chunk in self._chunks(picked):
            end = chunk.start + len(chunk.logits_PV)
            slope_P = _slope(chunk.scores, columns.cut(chunk.start, end), loss, sums)
            dlogits_PV = self._network.kernels.score_backward(
                chunk.logits_PV, chunk.choices, chunk.temperature_P, chunk.target_P, chunk.scores, slope_P
            )
            parts.append(self._network.logits_backward(dlogits_PV, picked.hidden_PX[chunk.start : end].detach()))
        return torch.cat(parts)

    def _micro_batches(self, examples: Sequence[Example]) -> Iterator[list[Example]]:
        """Cut where the packed tokens reach the limit; a neighbour with the same prompt costs its output only."""
        batch: list[Example] = []
        tokens = 0
        for example in examples:
            is_new = not batch or batch[-1].prompt_ids != example.prompt_ids
            cost = len(example.output_ids) + (len(example.prompt_ids) if is_new else 0)
            if batch and tokens + cost > self._micro_tokens:
                yield batch
                batch, tokens = [], 0
                cost = len(example.output_ids) + len(example.prompt_ids)
            batch.append(example)
            tokens += cost
        if batch:
            yield batch

    def _pick(self, batch: Sequence[Example], places: Callable[[Example], Places]) -> Picked:
        """Run the network and pick the hidden states before the chosen output tokens."""
        self._beat()
        packed = pack([example.prompt_ids + example.output_ids[:-1] for example in batch])
        chosen = [places(example) for example in batch]
        before = [
            place_T[torch.from_numpy(places_P + (len(example.prompt_ids) - 1))]
            for example, place_T, places_P in zip(batch, packed.places, chosen, strict=True)
        ]
        attention = tree_attention(packed, self._network.kernels, self._network.head_size)
        hidden_NX = self._network.hidden(packed.ids_N, packed.position_N, attention)
        wide = sum_dtype(self._network.dtype)
        counts = [len(places_P) for places_P in chosen]
        return Picked(
            hidden_PX=hidden_NX[torch.cat(before)],
            target_P=_column(batch, chosen, lambda example: example.output_ids),
            temperature_P=torch.tensor([example.temperature or 1.0 for example in batch], dtype=wide).repeat_interleave(
                torch.tensor(counts)
            ),
            allowed=itertools.chain.from_iterable(map(self._sets, batch, chosen)),
        )

    def _sets(self, example: Example, places_P: Places) -> Iterable[tuple[Bits | None, int]]:
        """Runs of the sets at these places."""
        if example.constraint is None:
            return [(None, len(places_P))]
        runs = self._constraints.named(example.constraint).runs(example.prompt_ids, example.output_ids)
        if len(runs) == 1:
            return [(runs[0][0], len(places_P))]
        sets = [bits for bits, count in runs for _ in range(count)]
        return [(sets[place], 1) for place in places_P]

    def _chunks(self, picked: Picked) -> Iterator[Chunk]:
        """One chunk after the other, so that the logits of one at a time are alive."""
        width = self._constraints.vocabulary.size
        size = max(1, min(max(CHUNK_TOKENS, CHUNK_LOGITS // width), MOST_LOGITS // width))
        runs = _Runs(picked.allowed)
        for start in range(0, len(picked.hidden_PX), size):
            end = min(start + size, len(picked.hidden_PX))
            choices = choices_of(*zip(*runs.take(end - start), strict=True))
            logits_PV = self._network.logits(picked.hidden_PX[start:end].detach())
            temperature_P, target_P = picked.temperature_P[start:end], picked.target_P[start:end]
            scores = self._network.kernels.score(logits_PV, choices, temperature_P, target_P)
            yield Chunk(start, logits_PV, choices, temperature_P, target_P, scores)


class _Runs:
    """Runs of sets, taken so many tokens at a time."""

    def __init__(self, runs: Iterator[tuple[Bits | None, int]]) -> None:
        self._runs = runs
        self._rest: tuple[Bits | None, int] = (None, 0)

    def take(self, count: int) -> Iterator[tuple[Bits | None, int]]:
        """The next so many tokens' runs."""
        while count:
            bits, length = self._rest if self._rest[1] else next(self._runs)
            taken = min(length, count)
            self._rest = (bits, length - taken)
            count -= taken
            if taken:
                yield bits, taken


def _column(batch: Sequence[Example], chosen: Sequence[Places], field: Callable[[Example], "array[Any]"]) -> Tensor:
    """A token-aligned field of all examples at their places."""
    parts = [np.asarray(field(example))[places_P] for example, places_P in zip(batch, chosen, strict=True)]
    return torch.from_numpy(np.concatenate(parts))


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the loss needs of each token with weight, in the type of sums."""

    old_logp_P: Tensor
    advantage_P: Tensor
    weight_P: Tensor
    ref_logp_P: Tensor | None

    @classmethod
    def of(cls, batch: Sequence[Example], dtype: torch.dtype) -> "_Columns":
        chosen = [_weighed(example) for example in batch]

        def column(field: Callable[[Example], Any]) -> Tensor:
            return _column(batch, chosen, field).to(dtype)

        with_ref = all(example.ref_logp is not None for example in batch)
        return cls(
            column(lambda example: example.old_logp),
            column(lambda example: example.advantage),
            column(lambda example: example.weight),
            column(lambda example: example.ref_logp) if with_ref else None,
        )

    def cut(self, start: int, end: int) -> "_Columns":
        ref_P = None if self.ref_logp_P is None else self.ref_logp_P[start:end]
        return _Columns(self.old_logp_P[start:end], self.advantage_P[start:end], self.weight_P[start:end], ref_P)


def _weighed(example: Example) -> Places:
    """The output tokens that count."""
    return np.flatnonzero(np.asarray(example.weight))


@torch.enable_grad()
def _slope(scores: Scores, part: _Columns, loss: PolicyGradient, sums: Sums) -> Tensor:
    """The loss's derivative by each target's log-prob; the figures of the tokens go into the sums."""
    logp_P = scores.logp_P.detach().requires_grad_()
    ratio = clipped_policy_gradient(logp_P, part.old_logp_P, part.advantage_P, loss.clip_low, loss.clip_high)
    loss_P = ratio.loss_P
    now_P = logp_P.detach()
    if part.ref_logp_P is not None:
        if loss.kl:
            loss_P = loss_P + loss.kl * reverse_kl(logp_P, part.ref_logp_P)
        sums.kl += kl_estimate(now_P, part.ref_logp_P).tolist()
    loss_P = loss_P * part.weight_P
    sums.loss += loss_P.tolist()
    sums.entropy += scores.entropy_P.tolist()
    sums.clipped += ratio.is_clipped_P.tolist()
    sums.gap += (now_P - part.old_logp_P).abs().tolist()
    (slope_P,) = torch.autograd.grad(loss_P.sum() / loss.normalizer, logp_P)
    return slope_P
