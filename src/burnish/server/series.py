"""Curves of a job's metrics, thinned out to what a chart can show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import fsum
from typing import Any

from burnish.core.points import points

Json = Any
Curve = list[tuple[float, float]]
"""Steps and values, oldest first."""
REWARDS = ("scores/train_reward_mean", "scores/valid_reward_mean")


def curves(metrics: Iterable[Mapping[str, Json]]) -> dict[str, Curve]:
    """Every number of a job's metrics by its path. A step that was done again counts as it was the last time."""
    found: dict[str, dict[float, float]] = defaultdict(dict)
    for data in metrics:
        for name, value in points(data).items():
            found[name][data["step"]] = value
    return {name: sorted(curve.items()) for name, curve in found.items()}


def thinned(curve: Curve, most: int) -> Curve:
    """At most `most` points: the means of as many runs of neighbours, at the last step of each."""
    count = len(curve)
    if count <= most:
        return curve
    edges = [place * count // most for place in range(most + 1)]
    runs = [curve[begin:end] for begin, end in pairwise(edges)]
    return [(run[-1][0], fsum(value for _, value in run) / len(run)) for run in runs]
