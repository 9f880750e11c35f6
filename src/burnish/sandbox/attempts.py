"""A grader that tries to break out: its text is loaded into every sandbox before that is trusted.

Like any grader it runs on a bare interpreter and imports nothing of ours. It scores 1 where all that it tried was
blocked; else it raises, with the names of what was not. An attempt that succeeds does no harm: it will, on a machine
where a sandbox does not hold, and perhaps as root.
"""

import contextlib
import ctypes
import errno
import mmap
import os
import posix
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PTRACE_SEIZE = 0x4206

Place = dict[str, Any]


class Leak(Exception):
    """Something was not blocked."""


def grade(sample: Place, item: Place) -> float:
    """`item` says what there is to reach; `sample`, what to do beside the quick attempts."""
    match sample["do"]:
        case "loop":
            while True:
                pass
        case "fill":
            _fill(item["disk_bytes"])
    leaks = [name for name, attempt in ATTEMPTS.items() if not _is_blocked(attempt, item)]
    if leaks:
        raise Leak(", ".join(leaks))
    return 1.0


def _is_blocked(attempt: Callable[[Place], object], item: Place) -> bool:
    try:
        return not attempt(item)
    except (OSError, MemoryError):
        return True


def _tcp(item: Place) -> bool:
    with socket.create_connection(("127.0.0.1", item["tcp"]), timeout=1):
        return True


def _udp(item: Place) -> bool:
    """Whoever listens outside says whether it arrived."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"leak", ("127.0.0.1", item["udp"]))
    return False


def _unix_socket(item: Place) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(item["unix"])
        return True


def _read_file(item: Place) -> bool:
    return Path(item["file"]).read_bytes() != b""


def _write_file(item: Place) -> bool:
    Path(item["file"]).with_name("written").write_bytes(b"leak")
    return True


def _write_library(_item: Place) -> bool:
    with Path(os.__file__).open("ab"):
        return True


def _environment(item: Place) -> bool:
    return not {name.decode() for name in posix.environ} <= set(item["variables"])


def _other_environment(item: Place) -> bool:
    return Path(f"/proc/{item['process']}/environ").read_bytes() != b""


def _first_environment(_item: Place) -> bool:
    return Path("/proc/1/environ").read_bytes() != b""


def _signal(item: Place) -> bool:
    os.kill(item["process"], 0)
    return True


def _trace(_item: Place) -> bool:
    """Seizing, unlike attaching, does not stop the process, and ends with us."""
    return int(ctypes.CDLL(None).ptrace(_PTRACE_SEIZE, os.getppid(), None, None)) == 0


def _mount(_item: Place) -> bool:
    """A file system that does not exist: whoever may mount is told so, and whoever may not, that he may not."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mount(b"none", b"/", b"no-such-file-system", 0, None)
    return ctypes.get_errno() == errno.ENODEV


def _memory(item: Place) -> bool:
    """Asked for, not touched."""
    with mmap.mmap(-1, item["memory_bytes"]) as part:
        return len(part) > 0


def _processes(item: Place) -> bool:
    started: list[int] = []
    try:
        while len(started) <= item["processes"]:
            child = os.fork()
            if child == 0:
                time.sleep(30)
                os._exit(0)
            started.append(child)
    except OSError:
        return False
    finally:
        for child in started:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
    return True


def _fill(disk_bytes: int) -> None:
    part = bytes(disk_bytes // 4)
    for number in range(64):
        Path(f"filled-{number}").write_bytes(part)
    time.sleep(1)
    raise Leak("disk space")


ATTEMPTS: dict[str, Callable[[Place], object]] = {
    "TCP": _tcp,
    "UDP": _udp,
    "unix sockets": _unix_socket,
    "reading files": _read_file,
    "writing files": _write_file,
    "writing the standard library": _write_library,
    "the environment": _environment,
    "the environment of other processes": _other_environment,
    "the environment of the first process": _first_environment,
    "signals": _signal,
    "ptrace": _trace,
    "mount": _mount,
    "memory": _memory,
    "processes": _processes,
}
