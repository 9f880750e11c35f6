"""How one step's time grows with what is asked of it: ours alone, a row of sizes in turn, round by round."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import torch

from benchmarks.speed.ours import Ours, load
from benchmarks.speed.reward import trivial
from benchmarks.speed.shapes import S, Shape, write_model
from benchmarks.speed.work import SHORT, Work, texts
from burnish.policy.adapter import Adapter
from burnish.policy.engine import Engine

WARM_UP = 1
"""Rounds that are dropped."""
Term = Literal["group size", "answer tokens", "prompt tokens", "parameters", "adapters"]
_BASIS = replace(SHORT, answer_tokens=64)
SIZES: dict[Term, tuple[int, ...]] = {
    "group size": (2, 4, 8, 16, 32),
    "answer tokens": (16, 32, 64, 128, 256, 512),
    "prompt tokens": (16, 64, 256, 1024),
    "parameters": (0, 1, 2, 3, 4),
    "adapters": (0, 1, 2, 4, 8, 16),
}
"""What is tried of each; of the parameters the places in `MODELS`. All else is `short` with answers of 64 tokens."""
MODELS = (
    Shape("2x128", 2, 128, 2, 1, 64, 512, 2048),
    S,
    Shape("6x384", 6, 384, 6, 2, 64, 1536, 2048),
    Shape("8x512", 8, 512, 8, 4, 64, 2048, 2048),
    Shape("12x768", 12, 768, 12, 4, 64, 2304, 2048),
)


@dataclass(frozen=True, slots=True)
class GrowthCase:
    """One curve."""

    term: Term
    rounds: int
    """That are counted."""

    def measure(self, room: Path) -> Mapping[str, Any]:
        """Seconds of every size and round; of adapters the sampling only."""
        if self.term == "adapters":
            return _adapters(self.rounds, room)
        sides = [self._side(size, room) for size in SIZES[self.term]]
        steps = [[side.step(number) for side in sides] for number in range(self.rounds + WARM_UP)][WARM_UP:]
        sizes = [shape.parameters for shape in MODELS] if self.term == "parameters" else SIZES[self.term]
        return {
            "sizes": list(sizes),
            "sampling_s": [[step.sampling_s for step in each] for each in zip(*steps, strict=True)],
            "training_s": [[step.training_s for step in each] for each in zip(*steps, strict=True)],
        }

    def _side(self, size: int, room: Path) -> Ours:
        shape = MODELS[size] if self.term == "parameters" else S
        base = load(write_model(shape, room / shape.name))
        work = _work(self.term, size)
        return Ours(base, work, texts(work, shape, base.tokenizer), trivial)


def _work(term: Term, size: int) -> Work:
    match term:
        case "group size":
            return replace(_BASIS, answers=size)
        case "answer tokens":
            return replace(_BASIS, answer_tokens=size)
        case "prompt tokens":
            return replace(_BASIS, prompt_tokens=size)
        case "parameters" | "adapters":
            return _BASIS


def _adapters(rounds: int, room: Path) -> Mapping[str, Any]:
    """One batch whose answers are spread over so many adapters of rank 16; 0: the base alone."""
    base = load(write_model(S, room / S.name))
    ours = Ours(base, _BASIS, texts(_BASIS, S, base.tokenizer), trivial)
    found: list[list[float]] = [[] for _ in SIZES["adapters"]]
    for number in range(rounds + WARM_UP):
        for place, count in enumerate(SIZES["adapters"]):
            found[place].append(base.thread.submit(_sampled, ours, number, count).result())
    return {"sizes": list(SIZES["adapters"]), "sampling_s": [each[WARM_UP:] for each in found]}


@torch.no_grad()
def _sampled(ours: Ours, number: int, count: int) -> float:
    """Seconds of one batch, in the model's own thread."""
    engine = Engine(ours.base, max_rows=_BASIS.rows)
    for index in range(count):
        engine.attach(f"adapter {index}", Adapter.fresh(ours.base.routing.targets, 16, 32.0, index))
    started = perf_counter()
    for request in ours.requests(number):
        engine.add(request, f"adapter {request.key.line % count}" if count else None)
    while not engine.idle:
        engine.step()
    return perf_counter() - started
