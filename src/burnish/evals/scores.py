"""A run's scores by row: all that a comparison keeps in memory of it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish.core.evaluation import EvalItem
from burnish.core.template import UnknownVariable, lookup

Json = Any
_UUID = 36
"""Characters at the end of a criterion's id."""


@dataclass(slots=True)
class Row:
    """All answers to one row, summed up."""

    digest: bytes
    """Of the item: answers to other items are not compared."""
    slices: tuple[str, ...]
    """What the item has at the paths that are sliced by."""
    answers: int = 0
    score: float = 0.0
    passed: int = 0

    @property
    def mean(self) -> float:
        """Of the answers' scores."""
        return self.score / self.answers

    @property
    def pass_rate(self) -> float:
        """Share of answers that passed."""
        return self.passed / self.answers


@dataclass(slots=True)
class Scores:
    """Of a run. An answer's score is the mean over its criteria, or that of one; errors have none."""

    rows: dict[int, Row] = field(default_factory=dict)
    criteria: dict[str, list[float]] = field(default_factory=dict)
    """Sum and number of the scores by the criterion's name."""
    errors: int = 0
    seconds: list[float] = field(default_factory=list)
    """Sum and number of what answers took, where that is known."""


def scores_of(items: Iterable[EvalItem], slices: tuple[str, ...], criterion: str | None) -> Scores:
    """Read a run's items, one after the other."""
    found, taken = Scores(), [0.0, 0.0]
    for item in items:
        named = {name_of(result): result["score"] for result in item.results}
        wanted = [score for name, score in named.items() if criterion in (None, name)]
        if item.status == "error" or not wanted:
            found.errors += 1
            continue
        row = found.rows.get(item.row)
        if row is None:
            row = found.rows[item.row] = Row(_digest(item.item), tuple(_at(path, item.item) for path in slices))
        row.answers += 1
        row.score += sum(wanted) / len(wanted)
        row.passed += item.status == "pass"
        for name, score in named.items():
            sums = found.criteria.setdefault(name, [0.0, 0.0])
            sums[0], sums[1] = sums[0] + score, sums[1] + 1
        if isinstance(item.sample.get("seconds"), int | float):
            taken = [taken[0] + item.sample["seconds"], taken[1] + 1]
    found.rows = dict(sorted(found.rows.items()))  # an interval's last digits hang on their order
    found.seconds = taken
    return found


def name_of(result: Mapping[str, Json]) -> str:
    """A criterion's name, without what tells its eval's from another's."""
    name: str = result["name"]
    return name[: -_UUID - 1] if name[-_UUID - 1 : -_UUID] == "-" else name


def _digest(item: Mapping[str, Json]) -> bytes:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).digest()


def _at(path: str, item: Mapping[str, Json]) -> str:
    try:
        value = lookup(path, {"item": item})
    except UnknownVariable:
        return "(none)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
