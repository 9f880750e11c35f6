"""What the bits of a run hang on: CPU, torch and its kernels, threads."""

import platform
from functools import cache
from pathlib import Path

import torch

from burnish.policy.kernels.native import kernels

_CPU_INFO = Path("/proc/cpuinfo")


def fingerprint() -> str:
    """In words; two runs with the same one may be compared bit for bit (docs/engine.md)."""
    capability, ours = torch.backends.cpu.get_cpu_capability(), kernels().name
    return f"{_cpu()}, torch {torch.__version__}, {capability}, {ours}, {torch.get_num_threads()} threads"


@cache
def _cpu() -> str:
    """The processor's name, as exactly as the system gives it; asked for at every snapshot, read once."""
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
