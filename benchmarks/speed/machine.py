"""The machine that a figure was taken on: which cores, which processor, which engine."""

import datetime
import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
ENGINE = ("src/burnish/policy", "src/burnish/learn", "src/burnish/core/rollout.py")
"""What the speed of ours hangs on; its last commit is part of a result's key."""
LIBRARIES = ("torch", "transformers", "trl", "peft")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and with what a result was measured."""

    cpu: str
    cores: int
    """That the benchmark was pinned to; as many threads on each side."""
    has_bf16: bool
    """AMX or AVX512-BF16: without them bf16 is many times slower than fp32."""
    versions: dict[str, str]
    engine: str
    """The last commit that touched the engine, and a digest of what is not committed."""
    date: str


def pin(cores: Sequence[int]) -> None:
    """Keep this process and its threads on these cores, one torch thread each."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    torch.set_num_threads(len(cores))


def pinned() -> list[int]:
    """The cores that this process keeps to."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(torch.get_num_threads()))


def machine(cores: Sequence[int]) -> Machine:
    """Describe this one."""
    return Machine(_cpu(), len(cores), has_bf16(), _versions(), engine(), datetime.date.today().isoformat())


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 in hardware."""
    flags = re.search(r"^flags\s*: (.*)$", _cpuinfo(), re.MULTILINE)
    return flags is not None and bool({"amx_bf16", "avx512_bf16"} & set(flags[1].split()))


def engine() -> str:
    """Names the state of the engine's source."""
    commit = _git("log", "-1", "--format=%h", "--", *ENGINE)
    untracked = [(ROOT / name).read_bytes() for name in _git("ls-files", "-o", "--exclude-standard", *ENGINE).split()]
    changes = _git("diff", "HEAD", "--", *ENGINE).encode() + b"".join(untracked)
    return f"{commit}+{hashlib.sha256(changes).hexdigest()[:7]}" if changes else commit


def _cpu() -> str:
    """The model's name with what matters of its instructions."""
    found = re.search(r"^model name\s*: (.*)$", _cpuinfo(), re.MULTILINE)
    flags = [name for name in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if re.search(rf"\b{name}\b", _cpuinfo())]
    return f"{found[1] if found else platform.processor()} ({', '.join(flags)})"


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
