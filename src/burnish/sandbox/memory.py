"""How much memory a sandbox holds, seen from outside."""

import os
from pathlib import Path


def resident_bytes(process: int) -> int:
    """Resident memory of all that a process has started, itself left out; what a fork shares with its parent counts
    once, as far as sizes tell.

    0 where the kernel does not tell.
    """
    sizes: dict[int, int] = {}
    total = 0
    for each, parent in _started_by(process):
        sizes[each] = _resident(each)
        total += max(0, sizes[each] - sizes.get(parent, 0))
    return total


def descendants(process: int) -> list[int]:
    """All that a process has started, parents before their children."""
    return [each for each, _ in _started_by(process)]


def _started_by(process: int) -> list[tuple[int, int]]:
    """Processes with their parents."""
    found: list[tuple[int, int]] = []
    waiting = [process]
    while waiting:
        parent = waiting.pop()
        children = sorted(_children(parent))
        found += [(child, parent) for child in children]
        waiting += children
    return found


def _children(process: int) -> list[int]:
    children: list[int] = []
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            children += [int(word) for word in (task / "children").read_text().split()]
    except OSError:  # it has ended, or there is no such file here
        pass
    return children


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
