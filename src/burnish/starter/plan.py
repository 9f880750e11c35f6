"""What makes a build of the starter model the same build again; the defaults are the shipped one's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    steps: int | None = None
    """Where to stop; None: at the end of the corpus."""


FIRST = Stage(
    tokens=6_500_000,
    mixture={
        "secreview": 0.16,
        "query": 0.12,
        "addition": 0.23,
        "binding": 0.14,
        "coding": 0.12,
        "policyqa": 0.11,
        "toolcall": 0.06,
        "judge": 0.06,
    },
    efforts={"none": 0.07, "low": 0.1, "medium": 0.48, "high": 0.35},
    lengths=(3, 3, 4),
    lr=3e-3,
    matrix_lr=0.02,
    steady=0.35,
    steps=1116,
)
"""Without drills copying came late: after 860 steps names were still made up, after 1,100 about half were copied."""
SECOND = Stage(
    tokens=2_200_000,
    mixture={
        "secreview": 0.09,
        "query": 0.08,
        "addition": 0.22,
        "binding": 0.16,
        "coding": 0.11,
        "policyqa": 0.1,
        "toolcall": 0.07,
        "judge": 0.06,
        "drill": 0.11,
    },
    efforts={"none": 0.06, "low": 0.08, "medium": 0.42, "high": 0.44},
    lengths=(3,),
    lr=2e-3,
    matrix_lr=0.012,
    steady=0.1,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a build. Between two stages the weights are rounded to bf16, as they are when they are saved."""

    stages: tuple[Stage, ...] = field(default=(FIRST, SECOND))
    batch_tokens: int = 4096
    """Most tokens of a step, padding included."""
    tokenizer_examples: int = 15_000
    """Examples of the first stage that the tokenizer is made from."""
    seed: int = 0
