"""What was measured, a line of JSON each, so that an interrupted table goes on where it stopped."""

import json
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import Field, asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

from benchmarks.speed.machine import Machine, machine, pin


class Case(Protocol):
    """A frozen dataclass that can measure what its fields name."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def measure(self, room: Path) -> Mapping[str, Any]:
        """The figures, as JSON; `room` is an empty directory."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One case's figures."""

    kind: str
    """The case's class."""
    case: Mapping[str, Any]
    machine: Mapping[str, Any]
    result: Mapping[str, Any]

    def is_of(self, case: Case, where: Machine) -> bool:
        """Whether it answers the case for the present engine on this machine."""
        same = all(self.machine[name] == asdict(where)[name] for name in ("cpu", "cores", "engine"))
        return same and self.kind == kind_of(case) and self.case == asdict(case)


class Ledger:
    """A file of entries; the last one on a case counts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> list[Entry]:
        """All of them, oldest first."""
        if not self._path.exists():
            return []
        return [Entry(**json.loads(line)) for line in self._path.read_text(encoding="utf-8").splitlines()]

    def newest(self, case: Case) -> Entry | None:
        """The last entry on a case, whatever the engine and the machine."""
        found = [entry for entry in self.entries() if entry.kind == kind_of(case) and entry.case == asdict(case)]
        return found[-1] if found else None

    def add(self, entry: Entry) -> None:
        """Keep one."""
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(entry)) + "\n")


def kind_of(case: Case) -> str:
    """How the ledger calls it."""
    return type(case).__name__


def measured(case: Case, cores: list[int]) -> Entry:
    """Measure a case in a fresh process. Raises what it raised, or `BrokenProcessPool` where the process died."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result = pool.submit(_measure, case, cores).result()
    return Entry(kind_of(case), asdict(case), asdict(machine(cores)), result)


def _measure(case: Case, cores: list[int]) -> Mapping[str, Any]:
    pin(cores)
    with TemporaryDirectory() as room:
        return case.measure(Path(room))


FAILURES = (
    BrokenProcessPool,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Of one case, after which the others go on; an interrupt ends all."""
