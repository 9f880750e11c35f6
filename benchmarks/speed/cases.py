"""Which cases make a table."""

from collections.abc import Iterator

from benchmarks.speed.growth import SIZES, GrowthCase
from benchmarks.speed.learning import LearningCase
from benchmarks.speed.ledger import Case, Ledger
from benchmarks.speed.memory import MemoryCase
from benchmarks.speed.ours import Parameters
from benchmarks.speed.profile import ProfileCase
from benchmarks.speed.race import LEARNING_RATES, SEEDS, TUNING_SEED, best_rates
from benchmarks.speed.sampling import PEERS, SamplingCase
from benchmarks.speed.shapes import STARTER
from benchmarks.speed.step import StepCase, TuningCase
from benchmarks.speed.training import TrainingCase

QUICK_STEPS = 4
TUNING_STEPS = 3
FULL_STEPS = {"S": 9, "starter": 9, "M": 3}
SAMPLING_ROUNDS = {"S": 9, "M": 3}
LEARNING_STEPS = 60
LEARNING_SETTING = "autocast/32"
"""TRL's like-for-like setting that is soonest there: compiling takes longer than what is to be learned."""
GROWTH_ROUNDS = 3
PROFILED: tuple[tuple[str, Parameters, int], ...] = (("S", "full", 5), ("M", "full", 1), ("M", "lora", 1))


def quick(bf16: bool) -> Iterator[Case]:
    """S and the starter on two shapes of work, in under 20 minutes on one core."""
    for model, work in [("S", "short"), ("S", "long"), ("starter", "task"), ("starter", "long")]:
        for trl in settings(model, bf16):
            yield StepCase(model, work, "full", trl, QUICK_STEPS)


def full(bf16: bool, ledger: Ledger) -> Iterator[Case]:
    """Every row, those first that the others' choices hang on."""
    yield from _steps(bf16)
    yield from _sampling()
    yield from (
        TrainingCase(model, work, rounds) for model, rounds in [("S", 9), ("M", 3)] for work in ("short", "long")
    )
    yield from _memory(bf16)
    yield from _learning(ledger)


def growth() -> Iterator[Case]:
    """Every curve."""
    return (GrowthCase(term, GROWTH_ROUNDS) for term in SIZES)


def profiles() -> Iterator[Case]:
    """One step of S and of M."""
    for model, parameters, rounds in PROFILED:
        yield ProfileCase(model, "short", parameters, rounds)


def tuning() -> Iterator[Case]:
    """TRL's settings, from which `settings` takes its choice."""
    kinds = ("bf16-compile", "bf16", "autocast-compile", "autocast", "fp32-compile", "fp32")
    for model, work in [("S", "short"), ("starter", "task"), ("starter", "review")]:
        for trl in (*kinds, "bf16-compile/32", "autocast/32", "autocast/64"):
            yield TuningCase(model, work, "full", trl, TUNING_STEPS)
    for trl in ("bf16-compile", "bf16-compile/16", "bf16", "autocast-compile", "autocast", "autocast/16"):
        yield TuningCase("M", "short", "full", trl, 1)


def settings(model: str, bf16: bool) -> tuple[str, str]:
    """TRL's fastest setting on this kind of machine, and the one like ours: fp32 weights, bf16 where it pays.

    From the tuning table of benchmarks/README.md.
    """
    micro = "/32" if model == STARTER else ""
    kinds = ("bf16-compile", "autocast-compile") if bf16 else ("fp32-compile", "fp32")
    return kinds[0] + micro, kinds[1] + micro


def _steps(bf16: bool) -> Iterator[Case]:
    works = [("S", "short"), ("S", "long"), ("S", "ragged"), ("starter", "task"), ("starter", "long")]
    works += [("M", "short"), ("M", "long"), ("M", "ragged")]
    for model, work in works:
        for trl in settings(model, bf16):
            yield StepCase(model, work, "full", trl, FULL_STEPS[model])
    for trl in settings("M", bf16):
        yield StepCase("M", "short", "lora", trl, FULL_STEPS["M"])


def _sampling() -> Iterator[Case]:
    for model, work in [("S", "short"), ("M", "short"), ("S", "ragged"), ("M", "ragged")]:
        for peer in PEERS:
            yield SamplingCase(model, work, peer, SAMPLING_ROUNDS[model])


def _memory(bf16: bool) -> Iterator[Case]:
    fastest, alike = settings("M", bf16)
    for trl in (alike.removesuffix("-compile"), alike, fastest):
        yield MemoryCase("M", "short", "full", trl, 2)
    yield MemoryCase("M", "short", "lora", alike.removesuffix("-compile"), 2)


def _learning(ledger: Ledger) -> Iterator[Case]:
    """The grid on a seed of its own, then every seed at each side's best rate of it."""
    grid = [LearningCase(LEARNING_SETTING, TUNING_SEED, rate, rate, LEARNING_STEPS) for rate in LEARNING_RATES]
    yield from grid
    tuned = [(rate, ledger.newest(case)) for rate, case in zip(LEARNING_RATES, grid, strict=True)]
    known = [(rate, entry.result) for rate, entry in tuned if entry is not None]
    if len(known) == len(grid):
        ours, theirs = best_rates(known)
        yield from (LearningCase(LEARNING_SETTING, seed, ours, theirs, LEARNING_STEPS) for seed in SEEDS)
