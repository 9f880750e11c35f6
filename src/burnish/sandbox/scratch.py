"""Scratch directories by whose they are, so that those of a process that was killed can be told and removed."""

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from burnish.sandbox.zygote import empty

_NAME = re.compile(r"burnish-[a-z]+-(\d+)-\w+")


def prefix(what: str) -> str:
    """What the name of a scratch directory of this process begins with."""
    return f"burnish-{what}-{os.getpid()}-"


def sweep() -> None:
    """Remove the scratch directories of this user's processes that are no more."""
    for path in sorted(Path(tempfile.gettempdir()).glob("burnish-*")):
        named = _NAME.fullmatch(path.name)
        if named is None or _lives(int(named[1])) or path.is_symlink() or path.stat().st_uid != os.getuid():
            continue
        with suppress(OSError):
            empty(str(path))  # deeper than rmtree dares
            path.rmdir()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
