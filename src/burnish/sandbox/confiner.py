"""`python -m burnish.sandbox.confiner`: starts a process through sandlock, and ends it with all that it started.

A process of its own, because sandlock watches from threads of whoever starts it, and nothing of the server or of a
run shall be near. It ends the sandbox when its own standard input is closed, or its scratch directory holds too much.
"""

import json
import os
import select
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sandlock

from burnish.sandbox.scratch import prefix
from burnish.sandbox.zygote import empty

SCRATCH = "{scratch}"
"""Stands in variables for the scratch directory."""
_LOOK_MS = 50
_MOST_FILES = 10_000


def main() -> None:
    """Run what the command line's JSON says, until its end or ours."""
    order = json.loads(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix=prefix("grader")) as scratch:
        try:
            _run(order, scratch)
        finally:
            empty(scratch)  # deeper than TemporaryDirectory dares


def _run(order: dict[str, Any], scratch: str) -> None:
    box = sandlock.Sandbox(
        fs_readable=order["readable"],
        fs_writable=[scratch, os.devnull],
        max_processes=order["processes"],
        clean_env=True,
        env={name: value.replace(SCRATCH, scratch) for name, value in order["variables"].items()},
        cwd=scratch,
    )
    with box.popen(order["command"]) as process:
        _silence()
        while not _is_closed() and _is_running(process.pid) and not is_over(scratch, order["disk_bytes"]):
            pass
        process.kill()


def _silence() -> None:
    """Leave the pipes to the sandbox alone, so that its end is theirs; standard input only tells when it is closed."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def _is_closed() -> bool:
    poll = select.poll()
    poll.register(0, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(_LOOK_MS))


def _is_running(pid: int | None) -> bool:
    """Whether the child has not ended; it stays a zombie until it is waited for."""
    if pid is None:
        return False
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return ended is None


def is_over(directory: str, limit_bytes: int) -> bool:
    """Whether a directory holds more than it may, or too many files to be counted at leisure."""
    total = 0
    for count, size in enumerate(_sizes(directory)):
        total += size
        if total > limit_bytes or count > _MOST_FILES:
            return True
    return False


def _sizes(directory: str) -> Iterator[int]:
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                yield Path(folder, name).lstat().st_blocks * 512
            except OSError:  # it has gone
                continue
        yield 0


if __name__ == "__main__":
    main()
