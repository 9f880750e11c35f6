"""When a side has learned enough, and which learning rate gets it there soonest."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INTERVAL = 2
"""Steps between two validations."""
GAIN = 0.2
"""In mean validation reward, to be reached."""
LEARNING_RATES = (2e-4, 4e-4, 8e-4, 1.6e-3, 3.2e-3)
"""The grid that both sides take their best from."""
TUNING_SEED, SEEDS = 100, (0, 1, 2, 3, 4)
"""The grid is run on the first; the others are what is told."""


@dataclass(frozen=True, slots=True)
class Gain:
    """How one side came to its goal."""

    steps: int
    seconds: float
    """Of its steps alone, up to there."""


def gain(base: float, valid: Sequence[float], seconds: Sequence[float]) -> Gain | None:
    """When the validation reward first stood `GAIN` above the base's; None where it did not."""
    for number, reward in enumerate(valid, start=1):
        if reward >= base + GAIN:
            steps = number * INTERVAL
            return Gain(steps, sum(seconds[:steps]))
    return None


def gains(result: Mapping[str, Any]) -> tuple[Gain | None, Gain | None]:
    """Ours and TRL's."""
    ours_s = [step["seconds"] for step in result["ours"]]
    return (
        gain(result["base"], result["ours_valid"], ours_s),
        gain(result["base"], result["trl_valid"], result["trl_s"]),
    )


def best_rates(tuned: Iterable[tuple[float, Mapping[str, Any]]]) -> tuple[float, float]:
    """The learning rate of fewest steps to the goal, ours and TRL's; of equal ones the smaller."""
    found = [(rate, *gains(result)) for rate, result in sorted(tuned, key=lambda each: each[0])]
    ours = min(found, key=lambda each: each[1].steps if each[1] else math.inf)
    theirs = min(found, key=lambda each: each[2].steps if each[2] else math.inf)
    return ours[0], theirs[0]
