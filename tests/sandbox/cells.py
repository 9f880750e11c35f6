"""Sandboxes for tests: in whatever backend works here, with small limits."""

import pytest

from burnish.sandbox.backend import Backend
from burnish.sandbox.choice import ORDER, Refusal, find
from burnish.sandbox.limits import MEBIBYTE, Limits

LIMITS = Limits(timeout_s=20.0, memory_bytes=256 * MEBIBYTE, disk_bytes=8 * MEBIBYTE, processes=24)


def any_backend() -> Backend:
    """The first that is installed; none: the test is skipped."""
    found = [find(name) for name in ORDER]
    for each in found:
        if not isinstance(each, Refusal):
            return each
    reasons = "; ".join(f"{each.name}: {each.reason}" for each in found if isinstance(each, Refusal))
    pytest.skip(f"no sandbox is installed: {reasons}")
