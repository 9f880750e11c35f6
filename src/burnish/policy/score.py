"""Log-probs of examples' output tokens under the distribution that they were sampled from, and their gradients.

Prompts are packed once per group, the output head runs on the places that need it only, and constraints are replayed
chunk by chunk beside it. Logits of one chunk at a time are alive.

Letters: N packed tokens, P picked output tokens, V vocabulary, X hidden size.
"""

import itertools
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.core.rollout import Example
from burnish.learn.loss import clipped_policy_gradient, entropy, kl_estimate, reverse_kl
from burnish.policy.attention import TreeAttention
from burnish.policy.constraint import Constraints
from burnish.policy.network import Network, constrained_logp
from burnish.policy.pack import pack
from burnish.policy.roles import LossStats, PolicyGradient
from burnish.policy.vocabulary import Bits

CHUNK_LOGITS = 8 * 1024 * 1024
"""Most logits alive at once: 32 MiB, and some five times that with what autograd keeps."""


@dataclass(frozen=True, slots=True)
class Picked:
    """Output tokens of one micro-batch, example by example."""

    hidden_PX: Tensor
    """The hidden state that predicts each."""
    target_P: Tensor
    temperature_P1: Tensor
    allowed: Iterator[Bits | None]
    """The set that each was drawn from; None where there was no constraint."""


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

    def __init__(self, network: Network, constraints: Constraints, micro_tokens: int) -> None:
        self._network = network
        self._constraints = constraints
        self._micro_tokens = micro_tokens
        """About the most packed tokens of a micro-batch: a constant of the plan."""

    @torch.no_grad()
    def logps(self, examples: Sequence[Example]) -> "list[array[float]]":
        """Log-probs of every output id; 0 where a constraint left no choice."""
        result: list[array[float]] = []
        for batch in self._micro_batches(examples):
            picked = self._pick(batch, lambda example: range(len(example.output_ids)))
            flat: list[float] = []
            for start, logp_PV in self._chunks(picked, picked.hidden_PX):
                target_P = picked.target_P[start : start + len(logp_PV)]
                flat += logp_PV.gather(1, target_P[:, None])[:, 0].tolist()
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
            leaf_PX = picked.hidden_PX.detach().requires_grad_()
            columns = _Columns.of(batch)
            for start, logp_PV in self._chunks(picked, leaf_PX):
                part = columns.cut(start, start + len(logp_PV))
                logp_P = logp_PV.gather(1, picked.target_P[start : start + len(logp_PV), None])[:, 0]
                _chunk_loss(logp_P, logp_PV, part, loss, sums).backward()  # type: ignore[no-untyped-call] # torch's own
            assert leaf_PX.grad is not None
            picked.hidden_PX.backward(leaf_PX.grad)  # type: ignore[no-untyped-call] # torch's own
        return sums.stats()

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

    def _pick(self, batch: Sequence[Example], places: Callable[[Example], Sequence[int]]) -> Picked:
        """Run the network and pick the hidden states before the chosen output tokens."""
        packed = pack([example.prompt_ids + example.output_ids[:-1] for example in batch])
        chosen = [places(example) for example in batch]
        before = [
            place_T[len(example.prompt_ids) - 1 :][torch.tensor(picks, dtype=torch.long)]
            for example, place_T, picks in zip(batch, packed.places, chosen, strict=True)
        ]
        hidden_NX = self._network.hidden(packed.ids_N, packed.position_N, TreeAttention(packed.buckets))
        pairs = list(zip(batch, chosen, strict=True))
        return Picked(
            hidden_PX=hidden_NX[torch.cat(before)],
            target_P=torch.tensor([example.output_ids[place] for example, picks in pairs for place in picks]).long(),
            temperature_P1=torch.tensor([[example.temperature or 1.0] for example, picks in pairs for _ in picks]),
            allowed=itertools.chain.from_iterable(self._sets(example, picks) for example, picks in pairs),
        )

    def _sets(self, example: Example, picks: Sequence[int]) -> Iterator[Bits | None]:
        if example.constraint is None:
            yield from (None for _ in picks)
            return
        constraint = self._constraints.named(example.constraint)
        wanted = set(picks)
        for place, bits in enumerate(constraint.replay(example.prompt_ids, example.output_ids)):
            if place in wanted:
                yield bits

    def _chunks(self, picked: Picked, hidden_PX: Tensor) -> Iterator[tuple[int, Tensor]]:
        """The first token's index and the log-probs [chunk, V] of one chunk after the other."""
        vocabulary = self._constraints.vocabulary
        size = max(1, CHUNK_LOGITS // vocabulary.size)
        for start in range(0, len(hidden_PX), size):
            end = min(start + size, len(hidden_PX))
            sets = list(itertools.islice(picked.allowed, end - start))
            allowed_PV = None
            if any(bits is not None for bits in sets):
                everything = vocabulary.bits(range(vocabulary.size))
                allowed_PV = vocabulary.flags([everything if bits is None else bits for bits in sets])
            logits_PV = self._network.logits(hidden_PX[start:end])
            yield start, constrained_logp(logits_PV, picked.temperature_P1[start:end], allowed_PV)


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the loss needs of each token with weight, fp32."""

    old_logp_P: Tensor
    advantage_P: Tensor
    weight_P: Tensor
    ref_logp_P: Tensor | None

    @classmethod
    def of(cls, batch: Sequence[Example]) -> "_Columns":
        places = [(example, place) for example in batch for place in _weighed(example)]
        with_ref = all(example.ref_logp is not None for example in batch)
        return cls(
            torch.tensor([example.old_logp[place] for example, place in places]),
            torch.tensor([example.advantage[place] for example, place in places]),
            torch.tensor([example.weight[place] for example, place in places]),
            torch.tensor([example.ref_logp[place] for example, place in places if example.ref_logp is not None])
            if with_ref
            else None,
        )

    def cut(self, start: int, end: int) -> "_Columns":
        ref_P = None if self.ref_logp_P is None else self.ref_logp_P[start:end]
        return _Columns(self.old_logp_P[start:end], self.advantage_P[start:end], self.weight_P[start:end], ref_P)


def _weighed(example: Example) -> Sequence[int]:
    """The output tokens that count."""
    return [place for place, weight in enumerate(example.weight) if weight != 0]


def _chunk_loss(logp_P: Tensor, logp_PV: Tensor, part: _Columns, loss: PolicyGradient, sums: Sums) -> Tensor:
    """The scalar to differentiate; the figures of its tokens go into the sums."""
    ratio = clipped_policy_gradient(logp_P, part.old_logp_P, part.advantage_P, loss.clip_low, loss.clip_high)
    loss_P = ratio.loss_P
    now_P = logp_P.detach()
    if part.ref_logp_P is not None:
        if loss.kl:
            loss_P = loss_P + loss.kl * reverse_kl(logp_P, part.ref_logp_P)
        sums.kl += kl_estimate(now_P, part.ref_logp_P).tolist()
    loss_P = loss_P * part.weight_P
    sums.loss += loss_P.tolist()
    sums.entropy += entropy(logp_PV.detach()).tolist()
    sums.clipped += ratio.is_clipped_P.tolist()
    sums.gap += (now_P - part.old_logp_P).abs().tolist()
    return loss_P.sum() / loss.normalizer
