"""Compiles `source/` for this machine, once, into a cache; None where that cannot be."""

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from burnish.settings import cache_directory

log = logging.getLogger(__name__)

_MAIN = Path(__file__).with_name("source") / "native.cpp"
SOURCES = (_MAIN, *sorted(_MAIN.parent.glob("*.h")))
"""The first includes the others."""
COMPILERS = ("g++", "c++", "clang++")
FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    *(["-mprefer-vector-width=512"] if platform.machine() in ("x86_64", "AMD64") else []),
    "-shared",
    "-fPIC",
    # Sums may be reordered by the compiler, the same way each time; infinities and NaN keep their meaning.
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fassociative-math",
    "-fno-signed-zeros",
    "-freciprocal-math",
)
THREADED = "-fopenmp"
"""Where the compiler has it, and what it links is torch's own OpenMP, with torch's threads."""
_TIMEOUT_S = 300
_CPU_INFO = Path("/proc/cpuinfo")


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernels. What went wrong, where there are none, is said once in the log."""
    compiler = next((path for name in COMPILERS if (path := shutil.which(name)) is not None), None)
    if compiler is None:
        log.info("no C++ compiler: the kernels run in plain torch")
        return None
    error: Exception | None = None
    for flags in ((*FLAGS, THREADED), FLAGS):
        try:
            found = ctypes.CDLL(str(_compiled(compiler, flags, cache_directory() / "kernels")))
        except (OSError, subprocess.SubprocessError) as failure:
            error = failure
            continue
        if flags is FLAGS or _follows_torch(found):
            return found
    log.warning("the kernels could not be compiled; they run in plain torch", extra={"error": str(error)})
    return None


def _follows_torch(found: ctypes.CDLL) -> bool:
    """Whether the library's threads are as many as torch's, whatever their number."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        return int(found.threads_now()) == before + 1
    finally:
        torch.set_num_threads(before)


@cache
def digest() -> str:
    """Names the sources and the flags."""
    flags = " ".join((*FLAGS, THREADED))
    return hashlib.sha256(b"".join(map(Path.read_bytes, SOURCES)) + flags.encode()).hexdigest()[:12]


def _compiled(compiler: str, flags: Sequence[str], directory: Path) -> Path:
    """The library's file, made aside and renamed: several processes may do so at a time."""
    threads = "threads" if THREADED in flags else "thread"
    target = directory / f"{digest()}-{_machine(compiler)}-{threads}.so"
    if target.is_file():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(suffix=".so", dir=directory)
    os.close(handle)
    try:
        command = [compiler, *flags, "-o", aside, str(_MAIN)]
        subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S)
        Path(aside).replace(target)
    finally:
        Path(aside).unlink(missing_ok=True)
    return target


def _machine(compiler: str) -> str:
    """Names the processor's abilities and the compiler, for which the file was made."""
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True, timeout=_TIMEOUT_S).stdout
    abilities = platform.machine()
    if _CPU_INFO.is_file():
        lines = _CPU_INFO.read_text().splitlines()
        abilities += next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return hashlib.sha256(version + abilities.encode()).hexdigest()[:12]
