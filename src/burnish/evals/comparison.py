"""Runs side by side: how each does, and by how much the others differ from the first, row by row."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.core.evaluation import EvalItem, EvalRun
from burnish.core.interval import Interval, interval
from burnish.evals.scores import Row, Scores, scores_of
from burnish.settings import Settings

Json = Any
_EQUAL = 1e-9
"""Scores that are as near as this are the same."""
_SLICES = 50
"""Most values of a field that are shown."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of a baseline and other runs."""

    settings: Settings
    items_of: Callable[[EvalRun, Collection[int] | None], Iterable[EvalItem]]
    """A run's items; where rows are named, those to them."""
    slices: tuple[str, ...] = ()
    """Paths such as `item.topic`: the rows by what they have there."""
    criterion: str | None = None
    """The name of the one criterion whose scores are compared; None: the mean over all."""
    changed: int = 10
    """How many of the rows that changed most are shown, either way."""

    def report(self, runs: Sequence[EvalRun]) -> dict[str, Json]:
        """The baseline comes first. Answers that are errors count in no score; their number is told."""
        scores = [scores_of(self.items_of(run, None), self.slices, self.criterion) for run in runs]
        pairs = list(zip(runs, scores, strict=True))
        return {
            "object": "eval.comparison",
            "criterion": self.criterion,
            "runs": [self._standing(run, found) for run, found in pairs],
            "differences": [self._difference(pairs[0], other) for other in pairs[1:]],
        }

    def _standing(self, run: EvalRun, scores: Scores) -> dict[str, Json]:
        rows = list(scores.rows.values())
        asked = run.usage.get(run.model or "")
        answers = sum(row.answers for row in rows)
        taken, timed = scores.seconds
        return {
            "run_id": run.id,
            "eval_id": run.eval_id,
            "name": run.name,
            "model": run.model,
            "status": run.status.value,
            "rows": len(rows),
            "answers": answers,
            "errors": scores.errors,
            "score": shown(interval([row.mean for row in rows])) if rows else None,
            "pass_rate": shown(interval([row.pass_rate for row in rows])) if rows else None,
            "criteria": {name: total / number for name, (total, number) in scores.criteria.items()},
            "seconds_per_answer": taken / timed if timed else None,
            "tokens_per_answer": asked.tokens.completion_tokens / answers if asked and answers else None,
            "usd": self._usd(run),
        }

    def _usd(self, run: EvalRun) -> float | None:
        """What its models cost, those that have a price; None where none has."""
        prices = self.settings.prices.judges
        costs = [
            prices[target].usd(use.tokens)
            for model, use in run.usage.items()
            if (target := self.settings.resolve(model)) in prices
        ]
        return math.fsum(costs) if costs else None

    def _difference(self, baseline: tuple[EvalRun, Scores], other: tuple[EvalRun, Scores]) -> dict[str, Json]:
        (before_run, before), (after_run, after) = baseline, other
        common = before.rows.keys() & after.rows.keys()
        paired = sorted(number for number in common if before.rows[number].digest == after.rows[number].digest)
        pairs = [(before.rows[number], after.rows[number]) for number in paired]
        changes = {number: after.rows[number].mean - before.rows[number].mean for number in paired}
        found = _summary(list(changes.values()))
        return {
            "baseline_id": before_run.id,
            "run_id": after_run.id,
            "unpaired": len(before.rows.keys() | after.rows.keys()) - len(paired),
            **found,
            "verdict": verdict(found),
            "decisions": {
                "now_pass": sum(old.pass_rate < 0.5 <= new.pass_rate for old, new in pairs),
                "now_fail": sum(new.pass_rate < 0.5 <= old.pass_rate for old, new in pairs),
            },
            "slices": [part for place in range(len(self.slices)) for part in self._parts(place, pairs)],
            "changed": self._changed(changes, before_run, after_run),
        }

    def _parts(self, place: int, pairs: Sequence[tuple[Row, Row]]) -> list[dict[str, Json]]:
        """The differences by what the items have at a path, the largest parts first."""
        parts: dict[str, list[float]] = {}
        for old, new in pairs:
            parts.setdefault(old.slices[place], []).append(new.mean - old.mean)
        largest = sorted(parts.items(), key=lambda part: (-len(part[1]), part[0]))[:_SLICES]
        return [{"field": self.slices[place], "value": value, **_summary(found)} for value, found in largest]

    def _changed(self, changes: Mapping[int, float], before: EvalRun, after: EvalRun) -> list[dict[str, Json]]:
        """The rows that got better and those that got worse the most, with what was answered."""
        ranked = sorted(changes, key=lambda number: (-changes[number], number))
        better = [number for number in ranked[: self.changed] if changes[number] > _EQUAL]
        worse = [number for number in ranked[-self.changed :] if changes[number] < -_EQUAL] if self.changed else []
        wanted = [*better, *reversed(worse)]
        told: dict[int, dict[str, list[Json]]] = {number: {"before": [], "after": []} for number in wanted}
        items: dict[int, Mapping[str, Json]] = {}
        for side, run in (("before", before), ("after", after)):
            for item in self.items_of(run, wanted) if wanted else ():
                told[item.row][side].append(_told(item))
                items[item.row] = item.item
        return [
            {
                "datasource_item_id": number,
                "datasource_item": dict(items[number]),
                "difference": changes[number],
                **told[number],
            }
            for number in wanted
        ]


def _summary(changes: Sequence[float]) -> dict[str, Json]:
    """Of the paired differences: mean and interval, and who won."""
    if not changes:
        return {"rows": 0, "difference": None, "wins": 0, "losses": 0, "ties": 0, "is_significant": False}
    found = interval(changes)
    wins, losses = sum(change > _EQUAL for change in changes), sum(change < -_EQUAL for change in changes)
    return {
        "rows": len(changes),
        "difference": shown(found),
        "wins": wins,
        "losses": losses,
        "ties": len(changes) - wins - losses,
        "is_significant": found.low > 0 or found.high < 0,
    }


def verdict(found: Mapping[str, Json]) -> str:
    """A summary in words."""
    if not found["rows"]:
        return "The runs have no rows in common, so they cannot be compared."
    of_rows = f"{found['wins']} rows better, {found['losses']} worse, {found['ties']} the same"
    difference = found["difference"]
    numbers = f"{difference['mean']:+.3f} [{difference['low']:+.3f}, {difference['high']:+.3f}]"
    if not found["is_significant"]:
        return f"No significant difference: {numbers}, {of_rows}."
    return f"{'Better' if difference['mean'] > 0 else 'Worse'} by {numbers}: {of_rows}."


def shown(found: Interval) -> dict[str, float]:
    """An interval as JSON."""
    return {"mean": found.mean, "low": found.low, "high": found.high}


def _told(item: EvalItem) -> dict[str, Json]:
    """An answer, in short."""
    output = item.sample.get("output") or [{}]
    return {
        "output_item_id": item.id,
        "status": item.status,
        "scores": [result["score"] for result in item.results],
        "content": output[-1].get("content"),
    }
