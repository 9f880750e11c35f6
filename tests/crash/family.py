"""All processes that come from this one, those included whose parents have died."""

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
ROLES = {"worker": "burnish.work.process", "run": "burnish.work.run", "server": "burnish serve"}
"""What stands in the command line of each."""


def adopt_orphans() -> None:
    """From now on a process whose parent dies becomes a child of ours, and can be seen."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no subreaper")


def living() -> dict[int, str]:
    """Process id -> command line, of every descendant that lives."""
    found: dict[int, str] = {}
    waiting = _children(os.getpid())
    while waiting:
        pid = waiting.pop()
        waiting += _children(pid)
        if (command := _command(pid)) is not None:
            found[pid] = command
    return found


def who(role: str) -> list[int]:
    """The living processes of a role, newest last."""
    return sorted(pid for pid, command in living().items() if ROLES[role] in command)


def strike(pids: list[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to each; one that has gone meanwhile is no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def orphans(timeout_s: float) -> list[str]:
    """The command lines of those that still live after so long; those that have ended are waited for."""
    deadline = time.monotonic() + timeout_s
    while (left := living()) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in _children(os.getpid()):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return [command[:100] for command in left.values()]


def _children(pid: int) -> list[int]:
    """Of all its threads."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def _command(pid: int) -> str | None:
    """None: it has ended."""
    try:
        if ") Z " in Path(f"/proc/{pid}/stat").read_text():
            return None
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
