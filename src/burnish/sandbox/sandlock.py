"""Confinement by sandlock: landlock and seccomp, without namespaces; comes with pip, and needs Linux 6.12."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from burnish.sandbox.backend import Started, configuration, environment, interpreter, open_pipes, zygote_command
from burnish.sandbox.confiner import SCRATCH
from burnish.sandbox.limits import Limits

_READABLE = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache")
_VARIABLES = {"HOME": "/"}
"""Of the confiner: sandlock asks for a home directory when it is imported, which a user id without a name lacks."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


@dataclass(frozen=True, slots=True)
class Sandlock:
    """Starts processes through `confiner.py`."""

    name: str = "sandlock"

    def start(self, limits: Limits, packages: Path | None) -> Started:
        """The confiner knows the scratch directory: it makes it, and removes it."""
        readable = [sys.base_prefix, str(interpreter()), *_READABLE, *_DEVICES, *([str(packages)] if packages else [])]
        order = {
            "command": zygote_command(),
            "readable": [path for path in readable if Path(path).exists()],
            "processes": limits.processes,
            "disk_bytes": limits.disk_bytes,
            "variables": environment(SCRATCH, packages),
        }
        process = open_pipes([sys.executable, "-P", "-m", "burnish.sandbox.confiner", json.dumps(order)], _VARIABLES)
        made = configuration(limits, ".", uid=None, has_namespaces=False)
        return Started(process=process, configuration=made, cleans_up=True)
