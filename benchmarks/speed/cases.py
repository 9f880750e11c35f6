"""Which cases make a table."""

from collections.abc import Iterator

from benchmarks.speed.ledger import Case
from benchmarks.speed.sampling import PEERS, SamplingCase
from benchmarks.speed.step import StepCase

QUICK_STEPS = 5
FULL_STEPS = {"S": 9, "starter": 9, "M": 3}
SAMPLING_ROUNDS = {"S": 9, "M": 3}


def quick(bf16: bool) -> list[Case]:
    """S and the starter on two shapes of work, in under 20 minutes on one core."""
    works = [("S", "short"), ("S", "long"), ("starter", "task"), ("starter", "long")]
    return [StepCase(model, work, "full", trl, QUICK_STEPS) for model, work in works for trl in settings(bf16)]


def full(bf16: bool) -> list[Case]:
    """Every row."""
    return [*_steps(bf16), *_sampling()]


def settings(bf16: bool) -> tuple[str, str]:
    """TRL's fastest setting on this kind of machine, and the one like ours: fp32 weights, bf16 where it pays."""
    return ("bf16-compile", "autocast-compile") if bf16 else ("fp32-compile", "fp32")


def _steps(bf16: bool) -> Iterator[Case]:
    for trl in settings(bf16):
        for model, work in [("S", "short"), ("S", "long"), ("S", "ragged"), ("starter", "task"), ("starter", "long")]:
            yield StepCase(model, work, "full", trl, FULL_STEPS[model])
        for work in ("short", "long", "ragged"):
            yield StepCase("M", work, "full", trl, FULL_STEPS["M"])
        yield StepCase("M", "short", "lora", trl, FULL_STEPS["M"])


def _sampling() -> Iterator[Case]:
    for model, work in [("S", "short"), ("M", "short"), ("S", "ragged"), ("M", "ragged")]:
        for peer in PEERS:
            yield SamplingCase(model, work, peer, SAMPLING_ROUNDS[model])
