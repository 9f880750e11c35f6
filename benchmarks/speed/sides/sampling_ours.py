"""Burnish samples the answers of a step."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.speed.ours import Ours, load
from benchmarks.speed.reward import trivial
from benchmarks.speed.shapes import SHAPES
from benchmarks.speed.work import WORKS, texts
from benchmarks.speed.worker import Turn, Wish


def prepare(wish: Wish) -> Turn:
    """Log-probs are always on."""
    base, work = load(Path(wish.directory)), WORKS[wish.work]
    ours = Ours(base, work, texts(work, SHAPES[wish.model], base.tokenizer), trivial)

    def turn(number: int) -> Mapping[str, float]:
        return {"tokens": sum(len(answer.logprobs) for answer in ours.sample(number))}

    return turn
