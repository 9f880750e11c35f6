"""How sure a mean over rows is: the percentile bootstrap."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the interval that holds it."""

    mean: float
    low: float
    high: float

    def is_apart_from(self, other: "Interval") -> bool:
        """Whether the two do not overlap."""
        return self.high < other.low or other.high < self.low

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


MANY = 1000
"""From so many values on the percentiles of the bootstrap are those of a normal distribution, and not drawn."""


def interval(values: Sequence[float]) -> Interval:
    """The mean of `values`, one per row, with its 95 % interval; the bootstrap's, where there are few."""
    if len(values) < MANY:
        return bootstrap(values)
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    margin = 1.959964 * math.sqrt(variance / len(values))
    return Interval(mean, mean - margin, mean + margin)


def bootstrap(values: Sequence[float], *, share: float = 0.95, resamples: int = 2000, seed: int = 0) -> Interval:
    """The mean of `values`, one per row, with its percentile interval (Efron 1979).

    Rows are drawn, so give one value per row (the mean of its answers), not one per answer. Needs at least one.
    """
    if not values:
        raise ValueError("bootstrap needs at least one value")
    rng = random.Random(seed)
    size = len(values)
    means = sorted(math.fsum(rng.choices(values, k=size)) / size for _ in range(resamples))
    cut = (1 - share) / 2
    return Interval(math.fsum(values) / size, means[int(cut * resamples)], means[int((1 - cut) * resamples) - 1])
