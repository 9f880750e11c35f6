"""How well the starter model judges: `python -m burnish.starter.judge --model DIR`.

On held-out triples of rubric, reference and answer: the rank correlation of its scores with the exact ones, beside
those of a constant and of rouge-1.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from burnish.core.rollout import Item, Sample
from burnish.starter.family import Effort, Row, rouge_1
from burnish.starter.grading import scores
from burnish.starter.sampling import Answer, Model, answers, load
from burnish.starter.splits import rows
from burnish.starter.tasks.judge import JUDGE

ENOUGH = 0.6
"""Rank correlation from which on the model may stand in for a judge."""


_ROUGE = rouge_1("overlap", "{{item.answer}}", "{{item.reference}}")


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlations with the exact score."""

    model: float
    rouge: float
    constant: float
    exact: float
    """Share of scores that are exactly right."""
    invalid: float
    """Share of judgements without a score; they count as 0."""
    n: int


def measure(model: Model, n_rows: int, effort: Effort = "medium", temperature: float = 0.0) -> Correlation:
    """Judge held-out rows."""
    given = list(answers(model, JUDGE, rows(JUDGE, "valid", n_rows, seed=0), effort=effort, temperature=temperature))
    wanted = [float(one.row.fields["result"]) for one in given]
    found = [score_of(one) for one in given]
    overlap = scores(_ROUGE, [(_pair(one.row), Sample("", None)) for one in given])
    judged = [0.0 if score is None else score for score in found]
    return Correlation(
        model=spearman(judged, wanted),
        rouge=spearman(overlap, wanted),
        constant=spearman([0.5] * len(wanted), wanted),
        exact=sum(a == b for a, b in zip(found, wanted, strict=True)) / len(wanted),
        invalid=sum(score is None for score in found) / len(wanted),
        n=len(wanted),
    )


def _pair(row: Row) -> Item:
    return Item(1, (), (), {"reference": row.facts["reference"], "answer": row.facts["answer"]})


def score_of(answer: Answer) -> float | None:
    """The judgement's number; None where it has none."""
    judgement = answer.sample.json
    result = judgement.get("result") if isinstance(judgement, dict) else None
    return float(result) if isinstance(result, int | float) else None


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; 0 where one side is constant."""
    x, y = ranks(a), ranks(b)
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((p - mean_x) * (q - mean_y) for p, q in zip(x, y, strict=True))
    spread = sum((p - mean_x) ** 2 for p in x) * sum((q - mean_y) ** 2 for q in y)
    return covariance / spread**0.5 if spread else 0.0


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranked = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranked[place] = (start + end) / 2 + 1
        start = end + 1
    return ranked


def main() -> None:
    """Measure, print, and fail below `ENOUGH`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--effort", default="medium")
    flags = parser.parse_args()
    torch.manual_seed(0)
    found = measure(load(flags.model), flags.rows, flags.effort)
    sys.stdout.write(
        f"rank correlation with the exact score on {found.n} held-out triples: model {found.model:.3f}, "
        f"rouge-1 {found.rouge:.3f}, constant {found.constant:.3f}; "
        f"exactly right {found.exact:.2f}, unreadable {found.invalid:.3f}\n"
    )
    if found.model < ENOUGH:
        sys.exit(f"too weak to judge: below {ENOUGH}")


if __name__ == "__main__":
    main()
