"""Attacks a sandbox as a hostile grader would, before it is trusted."""

import contextlib
import dataclasses
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.sandbox import attempts, scratch
from burnish.sandbox.backend import Backend, environment
from burnish.sandbox.cell import Cell, Died
from burnish.sandbox.image import Image
from burnish.sandbox.limits import MEBIBYTE, Limits

LIMITS = Limits(timeout_s=5.0, memory_bytes=256 * MEBIBYTE, disk_bytes=4 * MEBIBYTE, processes=24)
_LOOP_TIMEOUT_S = 0.3
_NO_IMAGE = Image(Path(os.devnull))


def complaint(backend: Backend, limits: Limits = LIMITS) -> str | None:
    """What a backend does not block, or why it does not work at all; None where it keeps everything in."""
    try:
        with _bait() as bait:
            item = bait.item | {
                "variables": sorted({*environment("", None), "LC_CTYPE", "USER", "TERM", "PWD", "SHLVL"}),
                "process": os.getpid(),
                "memory_bytes": limits.memory_bytes,
                "disk_bytes": limits.disk_bytes,
                "processes": 2 * limits.processes,
            }
            outcome = _tried(backend, limits, "attempt", item)
            if outcome.score != 1.0:
                return _leaks(outcome)
            if bait.was_taken():
                return "it does not hold back UDP"
            return _endless(backend, limits, item)
    except (GraderUnavailable, OSError) as error:
        return str(error)


def _endless(backend: Backend, limits: Limits, item: dict[str, Any]) -> str | None:
    """What goes on until it is stopped."""
    filling = _tried(backend, limits, "fill", item)
    if filling.error is None or "Leak" in filling.error:
        return "it does not limit disk space"
    looping = _tried(backend, dataclasses.replace(limits, timeout_s=_LOOP_TIMEOUT_S), "loop", item)
    return None if looping.timed_out else "it does not stop at the time limit"


def _tried(backend: Backend, limits: Limits, what: str, item: dict[str, Any]) -> Outcome:
    cell = Cell(backend, Path(attempts.__file__).read_text(encoding="utf-8"), limits, _NO_IMAGE)
    try:
        return cell.grade({"do": what}, item)
    except Died as error:
        return Outcome(None, f"it ended: {error}")
    finally:
        cell.close()


def _leaks(outcome: Outcome) -> str:
    last = (outcome.error or "it gave another score").splitlines()[-1]
    leaks = last.removeprefix("grader.Leak: ")
    return f"it does not hold back {leaks}" if leaks != last else f"the attempts themselves failed: {last}"


class _Bait:
    def __init__(self, item: dict[str, Any], listener: socket.socket) -> None:
        self.item, self._listener = item, listener

    def was_taken(self) -> bool:
        """Whether a datagram arrived."""
        with contextlib.suppress(BlockingIOError):
            return self._listener.recv(16) != b""
        return False


@contextmanager
def _bait() -> Iterator[_Bait]:
    """Things that must not be reached: listeners of three kinds, and a file."""
    with (
        tempfile.TemporaryDirectory(prefix=scratch.prefix("bait")) as directory,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        unix.bind(f"{directory}/socket")
        unix.listen()
        Path(directory).chmod(0o755)
        Path(directory, "socket").chmod(0o777)
        Path(directory, "file").write_text("a secret", encoding="utf-8")
        item = {
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "unix": f"{directory}/socket",
            "file": f"{directory}/file",
        }
        yield _Bait(item, udp)
