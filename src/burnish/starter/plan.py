"""What makes a build of the starter model the same build again; the defaults are the shipped one's."""

from collections.abc import Mapping
from dataclasses import dataclass

from burnish.starter.family import Effort


@dataclass(frozen=True, slots=True)
class Stage:
    """A run over one corpus, with optimizers of its own."""

    tokens: int
    """Prompt and completion tokens of its corpus; each example is seen once."""
    mixture: Mapping[str, float]
    """Shares of the rows, by family; `drill` is the copying exercises."""
    efforts: Mapping[Effort, float]
    """Shares of the reasoning efforts that prompts ask for."""
    lengths: tuple[int, ...]
    """Of the numbers to add."""
    lr: float
    """Of AdamW, on embeddings and norms."""
    matrix_lr: float
    """Of Muon, on the inner matrices."""
    steady: float
    """Share of the run before the learning rates begin to fall, linearly to nearly 0."""


FIRST = Stage(
    tokens=9_000_000,
    mixture={
        "secreview": 0.11,
        "query": 0.11,
        "addition": 0.14,
        "binding": 0.16,
        "coding": 0.12,
        "policyqa": 0.12,
        "toolcall": 0.08,
        "judge": 0.1,
        "drill": 0.06,
    },
    efforts={"none": 0.1, "low": 0.15, "medium": 0.45, "high": 0.3},
    lengths=(3, 3, 4),
    lr=3e-3,
    matrix_lr=0.02,
    steady=0.3,
)
SECOND = Stage(
    tokens=4_000_000,
    mixture={
        "secreview": 0.06,
        "query": 0.05,
        "addition": 0.37,
        "binding": 0.06,
        "coding": 0.1,
        "policyqa": 0.17,
        "toolcall": 0.04,
        "judge": 0.15,
    },
    efforts={"none": 0.08, "low": 0.12, "medium": 0.4, "high": 0.4},
    lengths=(3,),
    lr=2e-3,
    matrix_lr=0.014,
    steady=0.25,
)
"""More of what the first stage left weak: after it, careful sums were right once in seven."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a build. Before each stage the weights are rounded to bf16, as they are when they are saved."""

    echo_tokens: int = 1_500_000
    """Random tokens to learn copying from before anything else, at the first stage's rates."""
    stages: tuple[Stage, ...] = (FIRST, SECOND)
    batch_tokens: int = 4096
    """Most tokens of a step, padding included."""
    tokenizer_examples: int = 15_000
    """Examples of the first stage that the tokenizer is made from."""
    seed: int = 0
    threads: int = 2
