"""How much memory a base model's process may come to hold, told before it is started."""

import json
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

from burnish.settings import STARTER, starter_directory

PROCESS_BYTES = 700 * 1024**2
"""Of the interpreter, torch and the prompts that are kept, without a model; measured 430 MB, and 256 MiB of prompts."""
PARAMETER_BYTES = 8
"""A parameter in float32 twice, as it is read and as products read it; or once, beside bfloat16 twice that is less."""
ROWS_SHARE = 8
"""Keys and values of the answers under way may take one part in so many of the limit."""
_FREE_SHARE = 0.8
"""Of the machine's memory, where no limit is set."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def limit_of(setting: int | None) -> int:
    """The bytes that all bases together may take: what is set, or most of the machine's or the container's memory."""
    if setting is not None:
        return setting
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no container, or one without a limit
        machine = min(machine, int(_CGROUP.read_text()))
    return int(machine * _FREE_SHARE)


def rows_bytes(limit: int) -> int:
    """What the answers under way on one base may take."""
    return limit // ROWS_SHARE


def weights_of(source: str) -> list[Path]:
    """The safetensors files of a directory and its modules, of a hub name downloaded before, or of the starter."""
    directory = starter_directory() if source == STARTER else Path(source)
    if not directory.is_dir():
        try:
            directory = Path(snapshot_download(source, local_files_only=True))
        except (LocalEntryNotFoundError, ValueError):
            return []
    return sorted([*directory.glob("*.safetensors"), *directory.glob("[0-9]_*/*.safetensors")])


def needed_bytes(files: list[Path], limit: int) -> int:
    """Of a process that serves these weights, while it is as busy as it can be."""
    parameters = sum(count for path in files for count in _parameters(path))
    return PROCESS_BYTES + rows_bytes(limit) + PARAMETER_BYTES * parameters


def resident_bytes(process: int) -> int:
    """What a process holds at this moment; 0 where the kernel does not tell."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _parameters(path: Path) -> Iterator[int]:
    """By tensor, from the file's head (https://huggingface.co/docs/safetensors: eight bytes of length, then JSON)."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        head = json.loads(stream.read(length))
    for name, tensor in head.items():
        if name != "__metadata__":
            yield math.prod(tensor["shape"])
