"""The roles that a training run needs filled: who samples, and who learns.

Both are Protocols, so that the local engine (one shared model object) and a remote training service can stand in
for each other. Shapes and exactness: `docs/engine.md`.
"""

from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from burnish.core.rollout import Completion, Example, SampleKey


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a sampler or trainer can do; the plan checks a job against it."""

    grammar: bool
    kl_in_loss: bool
    exact_resume: bool


@dataclass(frozen=True, slots=True)
class Calls:
    """The tool calls that an answer may hold, and where; within their marks nothing else is possible."""

    grammar: str
    """Of what stands between the marks; see `spec/tool_grammar.py`."""
    are_required: bool = False
    """Whether the answer must begin with one."""
    are_many: bool = True
    """Whether several may follow one another."""


@dataclass(frozen=True, slots=True)
class Request:
    """One answer wanted."""

    key: SampleKey
    prompt_ids: "array[int]"
    max_tokens: int
    """Most output tokens in all, reasoning and stop token included."""
    reasoning_tokens: int
    """Most tokens before `</think>` is put in; 0 where the answer has no reasoning."""
    response_schema: str | None = None
    """JSON schema (as JSON text) that the answer after the reasoning must satisfy; None: free text."""
    temperature: float = 1.0
    """0 takes the likeliest token; its log-probs are those at temperature 1."""
    seed: int = 0
    """The job's seed: with the key and the position it fixes every random number."""
    calls: Calls | None = None
    """None: tool calls are text like any other."""
    top_p: float = 1.0
    """Draw from the likeliest tokens that together have this probability, and from one at least; log-probs are those
    among them."""
    likeliest: int | None = None
    """Tell each token's `Odds`, and those of so many others; None: tell none."""


@dataclass(frozen=True, slots=True)
class PolicyGradient:
    """PPO's clipped objective with an optional KL term to the reference; see `learn/loss.py`."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl: float = 0.0
    normalizer: float = 1.0
    """Token sums are divided by this planned constant, so that dropped groups do not inflate the rest."""


@dataclass(frozen=True, slots=True)
class LossStats:
    """Sums over the trained tokens of one call, in SampleKey order (`math.fsum`); divide by `tokens` for means."""

    tokens: int
    loss: float
    kl: float
    """k3 estimate to the reference, summed; 0 where no reference log-probs were given."""
    entropy: float
    """Exact entropy of the constrained distribution, summed, nats."""
    clipped: int
    """Tokens whose ratio the clip cut off."""
    logp_gap_max: float
    """Largest |new - old| log-prob: sampler against trainer where the weights are the same."""
    logp_gap_sum: float


@dataclass(frozen=True, slots=True)
class Adam:
    """One optimizer step's settings: AdamW, betas (0.9, 0.99), eps 1e-8, no weight decay."""

    lr: float
    grad_clip: float = 1.0


@dataclass(frozen=True, slots=True)
class StepStats:
    """What an optimizer step did."""

    grad_norm: float
    """Before clipping."""
    policy_version: int
    """After the step."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A servable model on disk: a PEFT directory, or full weights beside their config and tokenizer."""

    directory: Path
    kind: str
    """lora | full"""
    files: Mapping[str, str] = field(default_factory=dict)
    """File name -> sha256."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a trainer needs to go on exactly: weights, optimizer moments, version."""

    directory: Path
    files: Mapping[str, str]
    """File name -> sha256."""


class Sampler(Protocol):
    """Turns prompts into answers."""

    @property
    def can(self) -> Abilities:
        """What it can do."""
        ...

    def sample(self, requests: Sequence[Request]) -> AsyncIterator[Completion]:
        """Yield each answer as it finishes. Requests with equal prompts share one prefill."""
        ...


class Trainer(Protocol):
    """Learns from examples, and gives the sampler that speaks with its present weights."""

    @property
    def can(self) -> Abilities:
        """What it can do."""
        ...

    async def forward(self, examples: Sequence[Example], *, reference: bool = False) -> "list[array[float]]":
        """Log-probs of the output ids, under the policy or (adapter off, or the base's weights) the reference."""
        ...

    async def forward_backward(self, examples: Sequence[Example], loss: PolicyGradient) -> LossStats:
        """Add the loss's gradient to what is accumulated."""
        ...

    async def optim_step(self, adam: Adam) -> StepStats:
        """Clip, step, forget the gradient."""
        ...

    async def sampler(self) -> Sampler:
        """A sampler with the present weights; locally the same tensors, no copy."""
        ...

    async def publish(self, directory: Path) -> Artifact:
        """Write a servable model."""
        ...

    async def snapshot(self, directory: Path) -> Snapshot:
        """Write all that `restore` needs."""
        ...

    async def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, bit for bit."""
        ...
