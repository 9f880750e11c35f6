"""Memory of a few whole steps: the peak less what is resident after the imports, each side in a fresh process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.machine import pinned
from benchmarks.speed.ours import Parameters
from benchmarks.speed.shapes import SHAPES, write_model
from benchmarks.speed.worker import Wish, worker

OURS = "benchmarks.speed.sides.step_ours"
TRL = "benchmarks.speed.sides.step_trl"


@dataclass(frozen=True, slots=True)
class MemoryCase:
    """One row of the table of memory."""

    model: str
    work: str
    parameters: Parameters
    trl: str
    """Its setting."""
    rounds: int
    """Steps of each."""

    def measure(self, room: Path) -> Mapping[str, Any]:
        """Bytes of both."""
        directory = write_model(SHAPES[self.model], room / self.model)
        wish = Wish(self.model, str(directory), self.work, self.parameters, str(room), self.trl)
        with worker(OURS, wish, pinned()) as ours:
            peaks = [ours.turn(number)["peak_bytes"] for number in range(self.rounds)]
            ours_bytes = max(peaks) - ours.ready["imports_bytes"]
        with worker(TRL, wish, pinned()) as theirs:
            trl_bytes = theirs.turn(self.rounds)["peak_bytes"] - theirs.ready["imports_bytes"]
        return {"ours_bytes": ours_bytes, "trl_bytes": trl_bytes}
