"""The range of scores that a grader can give: the scale of rewards, for advantage floors and ungradable answers."""

import itertools
import math
import random
from collections.abc import Mapping
from typing import NamedTuple, assert_never

from burnish.core.errors import InvalidRequest
from burnish.grade.formula import Formula, NoNumber
from burnish.spec.grader import (
    EndpointSpec,
    GraderSpec,
    LabelModelSpec,
    MultiSpec,
    PythonSpec,
    ScoreModelSpec,
    StringCheckSpec,
    TextSimilaritySpec,
)

MAX_POINTS = 2048
"""At how many combinations of the children's scores a formula is tried."""
RANDOM_STARTS = 6
"""Of the climbs where there are more combinations; two more begin at all low and all high ends."""


class Span(NamedTuple):
    """Lowest and highest score."""

    low: float
    high: float


def span(spec: GraderSpec, *, param: str = "grader") -> Span:
    """The range.

    A multi grader's is the least and the greatest value of its formula over points of its children's ranges, not
    interval arithmetic: that would put 2*p*r/(p+r+1e-9) at 2e9. Exact where every child pulls one way, as in
    weighted sums and gates. `invalid_grade` belongs to it. python and endpoint graders may return anything: 0..1 is
    assumed. Raises `InvalidRequest` where the formula has no value anywhere.
    """
    match spec:
        case StringCheckSpec() | TextSimilaritySpec() | LabelModelSpec() | PythonSpec() | EndpointSpec():
            return Span(0.0, 1.0)
        case ScoreModelSpec():
            return Span(*spec.bounds)
        case MultiSpec():
            return _of_multi(spec, param)
        case _:
            assert_never(spec)


def _of_multi(spec: MultiSpec, param: str) -> Span:
    levels = {key: _levels(child) for key, child in spec.graders.items()}
    values = _values(Formula.of(spec.calculate_output), levels)
    if not values:
        raise InvalidRequest(
            f"'{spec.calculate_output}' has no value for any scores tried; look for divisions by zero.",
            param=f"{param}.calculate_output",
        )
    if spec.invalid_grade is not None:
        values.append(spec.invalid_grade)
    return Span(min(values), max(values))


def _levels(spec: GraderSpec) -> list[float]:
    """Both ends, and the quarters between them where a score may lie between."""
    low, high = span(spec)
    if isinstance(spec, StringCheckSpec | LabelModelSpec):
        return [low, high]
    return [low + (high - low) * quarter / 4 for quarter in range(5)]


def _values(formula: Formula, levels: Mapping[str, list[float]]) -> list[float]:
    """Over the whole grid if it is small, else over its corners, else over those that a climb to each extreme finds."""
    ends = {key: [each[0], each[-1]] for key, each in levels.items()}
    for axes in (levels, ends):
        if math.prod(map(len, axes.values())) <= MAX_POINTS:
            points = (dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values()))
            return [value for value in (_value(formula, point) for point in points) if value is not None]
    starts = [{key: end[side] for key, end in ends.items()} for side in (0, -1)]
    rng = random.Random(0)
    starts += [{key: rng.choice(end) for key, end in ends.items()} for _ in range(RANDOM_STARTS)]
    found = [_climb(formula, ends, start, sign) for start in starts for sign in (1.0, -1.0)]
    return [value for value in found if value is not None]


def _climb(formula: Formula, ends: Mapping[str, list[float]], start: Mapping[str, float], sign: float) -> float | None:
    """The extreme found by moving one score at a time to its other end where that helps, twice over."""
    point = dict(start)
    best = _value(formula, point)
    for key, end in [*ends.items(), *ends.items()]:
        other = end[0] if point[key] == end[1] else end[1]
        value = _value(formula, {**point, key: other})
        if value is not None and (best is None or sign * value > sign * best):
            best, point[key] = value, other
    return best


def _value(formula: Formula, scores: Mapping[str, float]) -> float | None:
    try:
        return formula.value(scores)
    except NoNumber:
        return None
