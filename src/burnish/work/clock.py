"""Wall seconds of a step by phase. Clock fields: no part of the exact record. Its phases show in the run's pulse."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from burnish.work.pulse import Pulse

Phase = Literal["sampling", "grading", "training", "eval"]


class Clock:
    """Started with a step; phases may be entered more than once."""

    def __init__(self, pulse: Pulse | None = None) -> None:
        """`pulse` is the run's; None: nobody watches it."""
        self._pulse = pulse or Pulse()
        self._started = time.perf_counter()
        self.seconds: dict[Phase, float] = {"sampling": 0.0, "grading": 0.0, "training": 0.0, "eval": 0.0}
        """By phase. `sampling` includes grading, as OpenAI's `timing.step.sampling` does; `grading` is what of it
        the grader kept us waiting after the last answer was there."""

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Add the time spent inside to a phase."""
        started = time.perf_counter()
        try:
            with self._pulse.at("validation" if name == "eval" else name):
                yield
        finally:
            self.seconds[name] += time.perf_counter() - started

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.perf_counter() - self._started
