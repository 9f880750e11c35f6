"""Confinement by bubblewrap: namespaces of its own, and a root directory that holds the interpreter and nothing else.

As root there is no user namespace, because limits on processes do not bind root in one: the process gives up root
inside instead, for a user id that nobody else has. As any other user, a user namespace does it.
"""

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from burnish.sandbox.backend import Started, configuration, environment, interpreter, open_pipes, zygote_command
from burnish.sandbox.limits import Limits

_SCRATCHES = ("/tmp", "/var/tmp", "/scratch")
_FIRST_UID, _UIDS = 1_900_000_000, 100_000_000
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Starts processes through `bwrap`."""

    executable: str
    name: str = "bubblewrap"

    def start(self, limits: Limits, packages: Path | None) -> Started:
        """The process is the first of its namespace: with it everything ends, and nothing inside can signal it."""
        is_root = os.getuid() == 0
        ours = [Path(sys.base_prefix), interpreter(), *([packages] if packages else [])]
        scratch = next(each for each in _SCRATCHES if not any(path.is_relative_to(each) for path in ours))
        command = [self.executable, *_namespaces(is_root=is_root), *_root(ours)]
        command += ["--perms", "1777", "--size", str(limits.disk_bytes), "--tmpfs", scratch]
        command += ["--remount-ro", "/", "--chdir", scratch]
        for name, value in environment(scratch, packages).items():
            command += ["--setenv", name, value]
        uid = _FIRST_UID + secrets.randbelow(_UIDS) if is_root else None
        return Started(
            # The environment is empty from the outset: --clearenv would leave it readable in /proc/1/environ.
            process=open_pipes([*command, "--", *zygote_command()], {}),
            configuration=configuration(limits, scratch, uid=uid, has_namespaces=True),
        )


def _namespaces(*, is_root: bool) -> list[str]:
    """All of its own; root keeps what it needs to become somebody else."""
    names = ["ipc", "pid", "net", "uts"] + ([] if is_root else ["user"])
    kept = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"] if is_root else []
    arguments = [f"--unshare-{name}" for name in names]
    arguments += ["--as-pid-1", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    return arguments + [word for capability in kept for word in ("--cap-add", capability)]


def _root(ours: list[Path]) -> list[str]:
    """A root directory of libraries, devices and what is ours, none of which can be changed."""
    arguments = []
    for folder in _parents([*ours, Path(_DEVICES[0])]):
        arguments += ["--perms", "0755", "--dir", folder]
    for path in _LIBRARIES:
        arguments += ["--ro-bind-try", path, path]
    for path in map(str, ours):
        arguments += ["--ro-bind", path, path]
    for path in _DEVICES:
        arguments += ["--dev-bind", path, path]
    return arguments


def _parents(paths: list[Path]) -> list[str]:
    """The folders above, outermost first: bubblewrap would make them for root alone."""
    found = {str(parent): None for path in paths for parent in reversed(path.parents)}
    return [folder for folder in found if folder != "/"]
