"""Seconds of one whole step, ours and TRL's in turn in one process.

Ours runs in TRL's `on_step_end`, outside the time that is counted for TRL. The first steps of each are dropped: there
torch.compile is at work.
"""

import gc
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

from transformers import AutoTokenizer, TrainerCallback

from benchmarks.speed.ours import Learning, Ours, OurStep, Parameters, load
from benchmarks.speed.reward import reward_of
from benchmarks.speed.shapes import SHAPES, write_model
from benchmarks.speed.trl import setting_of, theirs
from benchmarks.speed.work import WORKS, questions, texts

WARM_UP = 2
"""Steps of each side that are dropped."""


@dataclass(frozen=True, slots=True)
class StepCase:
    """One row of the table of whole steps."""

    model: str
    work: str
    parameters: Parameters
    trl: str
    """Its setting."""
    rounds: int
    """That are counted."""

    def measure(self, room: Path) -> Mapping[str, Any]:
        """Seconds of every step of both."""
        shape, work, setting = SHAPES[self.model], WORKS[self.work], setting_of(self.trl)
        directory = write_model(shape, room / shape.name)
        tokenizer = AutoTokenizer.from_pretrained(directory)
        prompts = texts(work, shape, tokenizer)
        reward = reward_of(work, tokenizer, questions())
        learning = Learning(self.parameters)
        ours = Ours(load(directory), work, prompts, reward, learning)
        turns = InTurn(ours)
        run = theirs(
            directory,
            work,
            prompts,
            reward,
            setting,
            steps=self.rounds + WARM_UP,
            room=room,
            learning=learning,
            callbacks=[turns],
        )
        run.trainer.train()
        return {
            "trl_s": turns.seconds[WARM_UP:],
            "trl_generate_s": run.generating.seconds[WARM_UP:],
            "trl_tokens": run.generating.tokens[WARM_UP:],
            "trl_first_s": turns.seconds[:WARM_UP],
            "ours": [asdict(step) | {"seconds": step.seconds} for step in turns.ours[WARM_UP:]],
            "prompt_tokens": fmean(len(ours.encoded(text)) for text in prompts),
            "ours_first_s": [step.seconds for step in turns.ours[:WARM_UP]],
        }


@dataclass(frozen=True, slots=True)
class TuningCase(StepCase):
    """One row of the table of TRL's settings; ours in between is the measure that is the same for all."""


class InTurn(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for mypy
    """Times TRL's step and puts ours between two of them."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._started = 0.0
        self.seconds: list[float] = []
        self.ours: list[OurStep] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """TRL's clock starts with its first step; later ones start where ours ended."""
        self._started = self._started or perf_counter()

    def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Stop TRL's clock, take our step, start it again."""
        self.seconds.append(perf_counter() - self._started)
        self.ours.append(self._ours.step(int(state.global_step) - 1))
        if len(self.ours) == WARM_UP:
            gc.collect()
            gc.freeze()  # as the worker does; both sides gain by it
        self._started = perf_counter()
