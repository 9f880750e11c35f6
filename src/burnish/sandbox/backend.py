"""What a way of confining a process promises, and what all ways share."""

import base64
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from burnish.sandbox import zygote
from burnish.sandbox.limits import Limits
from burnish.sandbox.memory import descendants
from burnish.sandbox.seccomp import program

_END_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Started:
    """A process that will confine itself and then read a source."""

    process: "subprocess.Popen[bytes]"
    configuration: Mapping[str, Any]
    """What `zygote.py` reads first; source and path are added to it."""
    cleans_up: bool = False
    """Whether it ends what it started by itself, and must be asked to end rather than killed."""
    scratch: Path | None = None
    """A directory to be removed when the process has ended."""

    def stop(self) -> None:
        """Begin to end the process and all that it started; from any thread, and more than once."""
        if self.process.poll() is not None:
            return
        if self.cleans_up:
            self.process.terminate()
        else:
            for each in descendants(self.process.pid):  # killing the first alone would leave them without a parent
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            self.process.kill()

    def close(self) -> None:
        """End it for good."""
        self.stop()
        try:
            self.process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        if self.scratch is not None and self.scratch.exists():
            zygote.empty(str(self.scratch))
            self.scratch.rmdir()


class Backend(Protocol):
    """One way of confining a process."""

    @property
    def name(self) -> str:
        """As `grading.sandbox` calls it."""
        ...

    def start(self, limits: Limits, packages: Path | None) -> Started:
        """Start a process that sees nothing of ours but the interpreter and, if given, the directory of an image.

        Raises `OSError`.
        """
        ...


def interpreter() -> Path:
    """The interpreter below the virtual environment that we run in."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix, "bin", version)
    return base if base.exists() else Path(sys.executable).resolve()


def zygote_command() -> list[str]:
    """Runs `zygote.py` without site packages."""
    return [str(interpreter()), "-s", "-S", "-P", "-B", "-c", Path(zygote.__file__).read_text(encoding="utf-8")]


def environment(scratch: str, packages: Path | None) -> dict[str, str]:
    """All variables that a grader sees. Hashes are not randomised: equal answers get equal grades in every sandbox."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    words = {"HOME": scratch, "TMPDIR": scratch, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    return words | threads | ({"NLTK_DATA": str(packages / "nltk_data")} if packages else {})


def configuration(limits: Limits, scratch: str, *, uid: int | None, has_namespaces: bool) -> dict[str, Any]:
    """What a confined process shall make of itself.

    Without namespaces its limit on processes would count all that the user has.
    """
    bounds = {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.disk_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CORE": 0,
    }
    if has_namespaces:
        bounds["RLIMIT_NPROC"] = limits.processes
    return {
        "confined": True,
        "limits": bounds,
        "scratch": scratch,
        "uid": uid,
        "filter": base64.b64encode(program()).decode(),
    }


def open_pipes(
    command: Sequence[str], variables: Mapping[str, str], directory: str | None = None
) -> "subprocess.Popen[bytes]":
    """Start a command with pipes in place of all three standard files."""
    return subprocess.Popen(
        command,
        env=dict(variables),
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
