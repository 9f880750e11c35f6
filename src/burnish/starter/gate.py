"""Whether a starter model is fit to ship: `python -m burnish.starter.gate --model DIR`.

Reinforcement teaches care only where care pays: on every shown family, answers with a worked reasoning must score
clearly above hasty ones, and both must occur. Where only the grader knows what is right, care cannot pay before
training; there every plausible answer must still be tried.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from burnish.starter.families import families
from burnish.starter.family import Effort, Family, Row
from burnish.starter.grading import scores
from burnish.starter.sampling import Answer, Model, answers, item_of, load
from burnish.starter.splits import rows

CLEARLY = 0.1
"""How much more reward a careful answer must bring."""
RARELY = 0.05
"""Share below which a way of answering does not occur."""

TRIES = 40
"""Answers to a question from which is told what is tried."""
TRIED = 0.05
"""Share of a question's answers from which on an answer counts as tried."""
NEARLY_ALL = 0.9
"""Share of plausible answers that must be tried."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured of one family. Rewards are means, 0..1; NaN where nothing was to average."""

    family: str
    sampled: float
    greedy: float
    careful_share: float
    careful: float
    hasty: float
    invalid: float
    """Share of answers that cannot be read."""
    explored: float | None
    """Share of plausible answers that are tried at least as often as `TRIED`; None where care can pay."""
    shown: bool

    def fails(self) -> str | None:
        """Why this family keeps the model from shipping; None where it does not."""
        if not self.shown:
            return None
        if not RARELY <= self.careful_share <= 1 - RARELY:
            return f"{self.family}: careful answers are {self.careful_share:.0%} of all"
        if self.explored is not None:
            rare = self.explored < NEARLY_ALL
            return f"{self.family}: only {self.explored:.0%} of plausible answers are tried" if rare else None
        if not self.careful - self.hasty >= CLEARLY:
            return f"{self.family}: careful answers score {self.careful:.2f}, hasty ones {self.hasty:.2f}"
        return None


def measure(model: Model, family: Family, n_rows: int, n_samples: int, effort: Effort = "medium") -> Report:
    """Sample and grade a family's valid rows."""
    held_out = rows(family, "valid", n_rows, seed=0)
    sampled = list(answers(model, family, held_out, effort=effort, n=n_samples))
    greedy = list(answers(model, family, held_out, effort=effort, temperature=0.0))
    rewards = grades(family, sampled)
    is_careful = [family.is_careful(one.reasoning) for one in sampled]
    return Report(
        family=family.name,
        sampled=mean(rewards),
        greedy=mean(grades(family, greedy)),
        careful_share=mean(map(float, is_careful)),
        careful=mean(score for score, careful in zip(rewards, is_careful, strict=True) if careful),
        hasty=mean(score for score, careful in zip(rewards, is_careful, strict=True) if not careful),
        invalid=mean(float(one.sample.json is None and not one.sample.tool_calls) for one in sampled),
        explored=_explored(model, family, held_out, effort) if family.plausible else None,
        shown=family.shown,
    )


def grades(family: Family, given: Sequence[Answer]) -> list[float]:
    """The family's own grader's scores."""
    return scores(family.grader, [(item_of(one.row), one.sample) for one in given])


def _explored(model: Model, family: Family, held_out: Sequence[Row], effort: Effort) -> float:
    """`explored`, from many answers to one row of each kind."""
    assert family.plausible is not None
    one_of_each = {family.plausible(row): row for row in held_out}
    tries = answers(model, family, list(one_of_each.values()), effort=effort, n=TRIES)
    return explored(list(tries), family.plausible)


def explored(sampled: Sequence[Answer], plausible: Callable[[Row], tuple[str, ...]]) -> float:
    """The share of plausible answers, over all questions with the same ones, that were tried."""
    tries: dict[tuple[str, ...], list[str]] = {}
    for one in sampled:
        said = one.sample.json.get("explanation") if isinstance(one.sample.json, dict) else None
        tries.setdefault(plausible(one.row), []).append(str(said))
    return mean(float(said.count(answer) / len(said) >= TRIED) for wanted, said in tries.items() for answer in wanted)


def mean(values: Iterable[float]) -> float:
    """The mean; NaN of nothing."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")


def table(reports: Sequence[Report]) -> str:
    """The reports as a Markdown table."""
    head = "| family | sampled | greedy | careful share | careful | hasty | invalid | tried |\n" + "|---" * 8 + "|"
    lines = [
        f"| {r.family} | {r.sampled:.3f} | {r.greedy:.3f} | {r.careful_share:.2f} | {r.careful:.3f} | {r.hasty:.3f}"
        f" | {r.invalid:.3f} | {'' if r.explored is None else f'{r.explored:.2f}'} |"
        for r in reports
    ]
    return "\n".join([head, *lines])


def main() -> None:
    """Measure every family, print the table, and fail where a shown one does not pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--families", default="")
    parser.add_argument("--effort", default="medium")
    flags = parser.parse_args()
    torch.manual_seed(0)
    model = load(flags.model)
    wanted = [f for f in families().values() if not flags.families or f.name in flags.families.split(",")]
    reports = [measure(model, family, flags.rows, flags.samples, flags.effort) for family in wanted]
    sys.stdout.write(table(reports) + "\n")
    if failures := [why for report in reports if (why := report.fails())]:
        sys.exit("the gate is shut: " + "; ".join(failures))


if __name__ == "__main__":
    main()
