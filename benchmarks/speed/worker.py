"""One side in a process of its own, which works when it is told to: `python -m benchmarks.speed.worker MODULE`.

Sides that cannot share a process, or whose memory is measured, take turns: whoever is not asked waits on its pipe. The
module's `prepare` is given a `Wish` and returns what takes a turn.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.speed.machine import ROOT, pin


@dataclass(frozen=True, slots=True)
class Wish:
    """What a side prepares for."""

    model: str
    directory: str
    """The model's."""
    work: str
    parameters: str
    room: str
    """For files of its own."""
    option: str = ""
    """The side's own: a setting's name, or which variant."""


Turn = Callable[[int], Mapping[str, float]]
"""Does the work of a numbered round; its figures, "seconds" among them where it times itself."""


class Worker:
    """The other end of the pipe."""

    def __init__(self, process: "subprocess.Popen[str]", answers: IO[str]) -> None:
        self._process = process
        self._answers = answers
        self.ready = self._read()
        """Bytes resident after the imports, and seconds until the side was prepared."""

    def turn(self, number: int) -> dict[str, float]:
        """Let it work. Raises `RuntimeError` where it died."""
        assert self._process.stdin is not None
        print(number, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, float]:
        line = self._answers.readline()
        if not line:
            raise RuntimeError(f"The side ended with exit status {self._process.wait()}; what it said is above.")
        found: dict[str, float] = json.loads(line)
        return found


@contextmanager
def worker(
    module: str, wish: Wish, cores: list[int], python: str = sys.executable, env: Mapping[str, str] | None = None
) -> Iterator[Worker]:
    """Start a side and wait until it is ready; it ends with the block."""
    reading, writing = os.pipe()
    words = [python, "-m", __spec__.name, module, json.dumps(asdict(wish)), json.dumps(cores), str(writing)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        pass_fds=[writing],
        text=True,
        env={**os.environ, "PYTHONPATH": paths, **(env or {})},
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answers:
            yield Worker(process, answers)
    finally:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()


def main() -> None:
    """Prepare, say so, and take a turn for every number that comes in."""
    module, wish, cores, descriptor = sys.argv[1:]
    with os.fdopen(int(descriptor), "w") as answers:
        pin(json.loads(cores))
        side: Any = importlib.import_module(module)
        imports_bytes = _reset_peak()
        started = time.perf_counter()
        turn: Turn = side.prepare(Wish(**json.loads(wish)))
        print(
            json.dumps({"imports_bytes": imports_bytes, "start_s": time.perf_counter() - started}),
            file=answers,
            flush=True,
        )
        for line in sys.stdin:
            started = time.perf_counter()
            figures = turn(int(line))
            taken = {"seconds": time.perf_counter() - started} | dict(figures) | {"peak_bytes": _status("VmHWM")}
            print(json.dumps(taken), file=answers, flush=True)


def _reset_peak() -> int:
    """Bytes resident now; from here on the kernel's high-water mark counts anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
