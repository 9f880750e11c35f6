"""The watchdog: a run without progress is named, and in the end restarted from its last committed step."""

from dataclasses import dataclass, field
from pathlib import Path

from burnish.settings import Settings
from burnish.work.pulse import Sign, read

LONGEST_LOOK_S = 10.0
"""What counts at most between two looks: a worker that was itself stopped, or a machine that slept, proves nothing."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A run gets on no more."""

    message: str
    is_over: bool
    """Whether it is to be restarted."""


@dataclass(slots=True)
class Watchdog:
    """Watches one run by the file of its pulse.

    A grader that keeps an answer waiting within its own time-outs is no progress, and is named; but the run is
    restarted only when these have passed as well, for they end in a grade or in a lost one, and a restart asks again.
    """

    settings: Settings
    path: Path
    _sign: Sign = field(default_factory=Sign)
    _looked: float | None = None
    _still_s: float = 0.0
    _is_named: bool = False

    def look(self, now: float) -> Alarm | None:
        """What is to be said at this moment, on the monotonic clock; each silence is named once."""
        passed = 0.0 if self._looked is None else min(now - self._looked, LONGEST_LOOK_S)
        self._looked = now
        sign = read(self.path)
        if sign != self._sign:
            self._sign, self._still_s, self._is_named = sign, 0.0, False
            return None
        self._still_s += passed
        limits = self.settings.watchdog
        silence = f"The run has made no progress for {_duration(self._still_s)}: {sign}"
        if self._still_s >= limits.restart_after_s + sign.patience_s:
            self._still_s = 0.0  # for one that cannot be ended
            return Alarm(f"{silence}. It is restarted from its last step", is_over=True)
        if self._still_s >= limits.name_after_s and not self._is_named:
            self._is_named = True
            return Alarm(silence, is_over=False)
        return None


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
