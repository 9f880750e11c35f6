"""TRL takes whole steps; the wish's option names its setting."""

from collections.abc import Mapping
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.speed.ours import Learning
from benchmarks.speed.reward import trivial
from benchmarks.speed.shapes import SHAPES
from benchmarks.speed.trl import setting_of, theirs
from benchmarks.speed.work import WORKS, texts
from benchmarks.speed.worker import Turn, Wish


def prepare(wish: Wish) -> Turn:
    """As many steps a turn as its number says: TRL's loop is its own."""
    work, directory = WORKS[wish.work], Path(wish.directory)
    prompts = texts(work, SHAPES[wish.model], AutoTokenizer.from_pretrained(directory))

    def turn(number: int) -> Mapping[str, float]:
        learning = Learning("lora" if wish.parameters == "lora" else "full")
        room = Path(wish.room)
        setting = setting_of(wish.option)
        theirs(directory, work, prompts, trivial, setting, steps=number, room=room, learning=learning).trainer.train()
        return {}

    return turn
