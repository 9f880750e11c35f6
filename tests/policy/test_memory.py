import ctypes
import sys
from pathlib import Path

import pytest
import torch

from burnish.policy.memory import give_back


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs an allocator that trims"
)
def test_what_was_freed_below_what_stays_goes_back():
    parts = [torch.ones(64 * 1024) for _ in range(512)]  # 256 KiB each, which glibc takes from its heap
    kept = [*parts[::64], torch.ones(64 * 1024)]
    before = resident()
    parts.clear()
    give_back()
    assert before - resident() > 20_000  # pages of 4 KiB, of the 32,768 that there were
    assert all(float(part.sum()) == 64 * 1024 for part in kept)


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", None)
    give_back()
