"""One sandboxed process with one grader in it, and the wire to it."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.sandbox.backend import Backend, Started
from burnish.sandbox.image import Image
from burnish.sandbox.limits import MEBIBYTE, Limits
from burnish.sandbox.memory import resident_bytes
from burnish.sandbox.wire import Broken, TimedOut, Wire
from burnish.sandbox.zygote import MAX_SCORE

_MOST_SAID_BYTES = 64 * 1024
_SHOWN_CHARACTERS = 400


class Died(Exception):
    """The process ended, or stopped making sense, while it had work."""


class Cell:
    """Grades one answer at a time; blocks. After any exception, and after a time-out, it is closed."""

    def __init__(self, backend: Backend, source: str, limits: Limits, image: Image) -> None:
        """Start the sandbox; the source is loaded by the first grade.

        Raises `GraderUnavailable` where the sandbox does not come up.
        """
        self.source = source
        self._limits = limits
        self._image = image
        self._is_loaded = False
        packages = image.packages()
        path = [str(packages)] if packages else []
        try:
            self._started: Started = backend.start(limits, packages)
        except OSError as error:
            raise GraderUnavailable(f"The sandbox ({backend.name}) cannot be started: {error}") from error
        process = self._started.process
        assert process.stdin is not None and process.stdout is not None
        self._wire = Wire(process.stdin.fileno(), process.stdout.fileno(), self._look)
        setup = json.dumps({**self._started.configuration, "source": source, "path": path}).encode()
        deadline = time.monotonic() + limits.start_timeout_s
        try:
            self._wire.send(setup, deadline)
            if self._wire.receive(deadline) != {"ready": True}:
                raise Broken("it did not say that it is ready")
        except (Broken, TimedOut) as error:
            why = self._last_words() or str(error) or "it does not come up"
            raise GraderUnavailable(f"The sandbox ({backend.name}) failed: {why}") from error

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._started.process.poll() is None

    def grade(self, sample: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        """What the source's `grade` makes of an answer. Raises `Died`."""
        try:
            request = json.dumps({"sample": sample, "item": item}).encode()
        except RecursionError:
            return Outcome(None, "The row or the answer is nested too deeply to be graded.")
        try:
            if not self._is_loaded:
                self._wire.receive(time.monotonic() + self._limits.timeout_s)
                self._is_loaded = True
            deadline = time.monotonic() + self._limits.timeout_s
            self._wire.send(request, deadline)
            return self._outcome(self._wire.receive(deadline))
        except TimedOut:
            self.close()
            return Outcome(None, f"No score within {self._limits.timeout_s:g} seconds.", timed_out=True)
        except _TooLarge:
            self.close()
            limit = self._limits.memory_bytes // MEBIBYTE
            return Outcome(None, f"The grader's processes used more than {limit} MiB of memory together.")
        except Broken as error:
            self.close()
            raise Died(str(error)) from error

    def stop(self) -> None:
        """Begin to end it, from any thread: whoever waits for it sees it die."""
        self._started.stop()

    def close(self) -> None:
        """End the process and all that it started."""
        self._started.close()

    def _look(self) -> None:
        if resident_bytes(self._started.process.pid) > self._limits.memory_bytes:
            raise _TooLarge

    def _outcome(self, answer: dict[str, Any]) -> Outcome:
        match answer:
            case {"score": int() | float() as score} if not isinstance(score, bool) and abs(score) <= MAX_SCORE:
                return Outcome(float(score))
            case {"error": str(error)}:
                return Outcome(None, f"{error}{self._hint(answer.get('missing'))}")
        raise Broken("it gave no grade")

    def _hint(self, missing: object) -> str:
        hint = self._image.hint(missing) if isinstance(missing, str) else None
        return f"\n{hint}" if hint else ""

    def _last_words(self) -> str:
        """What it said on standard error before it was silenced."""
        process = self._started.process
        self._started.stop()
        process.wait()
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        said = (process.stderr.read(_MOST_SAID_BYTES) or b"").decode(errors="replace")
        self.close()
        return said.strip()[-_SHOWN_CHARACTERS:]


class _TooLarge(Exception):
    pass
