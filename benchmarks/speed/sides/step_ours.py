"""Burnish takes whole steps."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.speed.ours import Learning, Ours, load
from benchmarks.speed.reward import trivial
from benchmarks.speed.shapes import SHAPES
from benchmarks.speed.work import WORKS, texts
from benchmarks.speed.worker import Turn, Wish


def prepare(wish: Wish) -> Turn:
    """A step a turn."""
    base, work = load(Path(wish.directory)), WORKS[wish.work]
    learning = Learning("lora" if wish.parameters == "lora" else "full")
    ours = Ours(base, work, texts(work, SHAPES[wish.model], base.tokenizer), trivial, learning)

    def turn(number: int) -> Mapping[str, float]:
        return {"seconds": ours.step(number).seconds}

    return turn
