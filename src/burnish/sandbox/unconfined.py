"""No confinement at all, for operators who say that they want none: `grading.sandbox = "unsafe-none"`."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from burnish.sandbox.backend import Started, environment, open_pipes, zygote_command
from burnish.sandbox.limits import Limits
from burnish.sandbox.scratch import prefix


@dataclass(frozen=True, slots=True)
class Unconfined:
    """Starts processes that may do whatever we may; of the limits only those watched from outside are kept."""

    name: str = "unsafe-none"

    def start(self, limits: Limits, packages: Path | None) -> Started:
        """A process with an environment and a scratch directory of its own, and no more."""
        scratch = tempfile.mkdtemp(prefix=prefix("grader"))
        process = open_pipes(zygote_command(), environment(scratch, packages), directory=scratch)
        made = {"confined": False, "scratch": scratch}
        return Started(process=process, configuration=made, scratch=Path(scratch))
