"""Which backend python graders run in, and why not in another."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from burnish.sandbox.backend import Backend
from burnish.sandbox.bubblewrap import Bubblewrap
from burnish.sandbox.probe import complaint
from burnish.sandbox.sandlock import Sandlock
from burnish.sandbox.unconfined import Unconfined
from burnish.settings import Grading

ORDER = ("bubblewrap", "sandlock")
"""Best first."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a backend is not used."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What was found."""

    backend: Backend | None
    refused: tuple[Refusal, ...] = ()
    """Those that were looked at before it."""

    @property
    def refusal(self) -> str | None:
        """Why python graders cannot run here; None where they can."""
        if self.backend is not None:
            return None
        reasons = "; ".join(f"{each.name}: {each.reason}" for each in self.refused)
        return f"Python graders cannot run here, because no sandbox keeps them in. {reasons}. See docs/sandbox.md."


def choose(grading: Grading) -> Choice:
    """The first backend that stands every attack of the probe, of those that the settings allow. Takes a second."""
    match grading.sandbox:
        case "off":
            return Choice(None, (Refusal("off", "grading.sandbox says so"),))
        case "unsafe-none":
            return Choice(Unconfined())
        case "auto":
            return _first(ORDER)
        case name:
            return _first((name,))


def examine(name: str) -> Backend | Refusal:
    """One backend, attacked; or why it is none."""
    backend = find(name)
    if isinstance(backend, Refusal):
        return backend
    reason = complaint(backend)
    return backend if reason is None else Refusal(name, reason)


def _first(names: Sequence[str]) -> Choice:
    refused: list[Refusal] = []
    for name in names:
        found = examine(name)
        if not isinstance(found, Refusal):
            return Choice(found, tuple(refused))
        refused.append(found)
    return Choice(None, tuple(refused))


def find(name: str) -> Backend | Refusal:
    """One backend, if what it needs is installed; it has not shown anything yet."""
    if sys.platform != "linux":
        return Refusal(name, f"there is none for {sys.platform}")
    if name == "sandlock":
        missing = Refusal(name, "it is not installed (`pip install sandlock`)")
        return Sandlock() if find_spec("sandlock") else missing
    executable = shutil.which("bwrap")
    missing = Refusal(name, "bwrap is not installed (Debian: `apt install bubblewrap`)")
    return Bubblewrap(executable) if executable else missing
