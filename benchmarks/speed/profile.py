"""Where one step's time goes, as shares of its two phases: the model's thread, looked at every millisecond."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.speed.ours import Learning, Ours, Parameters, load
from benchmarks.speed.parts import Phase, part_of
from benchmarks.speed.reward import trivial
from benchmarks.speed.shapes import SHAPES, write_model
from benchmarks.speed.work import WORKS, texts

Stack = tuple[str, ...]
"""The dotted names of the functions that are being called, the innermost first."""
INTERVAL_S = 0.001
SWITCH_S = 1e-5
"""How soon Python code gives way to the onlooker; with the usual 5 ms it would only be seen in native code."""


@dataclass(frozen=True, slots=True)
class ProfileCase:
    """One step's profile."""

    model: str
    work: str
    parameters: Parameters
    rounds: int
    """Steps that are looked at, after one that is not."""

    def measure(self, room: Path) -> Mapping[str, Any]:
        """Each part's share of its phase, and the seconds of both phases."""
        shape, work = SHAPES[self.model], WORKS[self.work]
        base = load(write_model(shape, room / shape.name))
        prompts = texts(work, shape, base.tokenizer)
        ours = Ours(base, work, prompts, trivial, Learning(self.parameters))
        ours.step(0)
        thread = base.thread.submit(threading.get_ident).result()
        seen: dict[Phase, Counter[Stack]] = {"sampling": Counter(), "training": Counter()}
        taken: dict[Phase, list[float]] = {"sampling": [], "training": []}
        for number in range(1, self.rounds + 1):
            with _timed(taken["sampling"]), onlooker(thread, seen["sampling"]):
                groups = ours.grade(ours.sample(number))
            with _timed(taken["training"]), onlooker(thread, seen["training"]):
                ours.learn(groups)
        return {phase: {"seconds": taken[phase], "shares": shares(seen[phase], phase)} for phase in seen}


def shares(seen: Counter[Stack], phase: Phase) -> dict[str, float]:
    """Each part's share of the moments, the largest first."""
    parts: Counter[str] = Counter()
    for stack, count in seen.items():
        parts[part_of(stack, phase)] += count
    return {part: count / seen.total() for part, count in parts.most_common()}


@contextmanager
def onlooker(thread: int, seen: Counter[Stack]) -> Iterator[None]:
    """Count the stacks that a thread has while the block runs."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(INTERVAL_S):
            names = tuple(_names(sys._current_frames().get(thread)))
            if not _is_idle(names):
                seen[names] += 1

    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()
        sys.setswitchinterval(usual)


def _names(frame: Any) -> Iterator[str]:
    while frame is not None:
        yield f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}"
        frame = frame.f_back


def _is_idle(names: Stack) -> bool:
    """Whether the thread waits for something to do."""
    return not names or names[0].startswith("concurrent.futures")


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    started = perf_counter()
    yield
    seconds.append(perf_counter() - started)
