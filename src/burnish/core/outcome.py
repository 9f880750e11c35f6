"""What a sandbox says of a python grader."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call of a user's `grade(sample, item)` ended."""

    score: float | None
    """The finite number that it returned; None where it returned none."""
    error: str | None = None
    """Where there is no score: the user's traceback, or what was wrong with the value returned."""
    timed_out: bool = False
    """Whether it was stopped at the time limit."""
    seconds: float = field(default=0.0, compare=False)
    """How long the sandbox was busy with it, the wait for a free one left out."""
