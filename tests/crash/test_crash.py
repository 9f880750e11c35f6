"""Short versions of `make crash`."""

import subprocess
import sys

import pytest

from tests.crash.harness import STAGES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crash")]


def harness(kills: int, *more: str) -> str:
    """What it prints; in a process of its own, because it adopts the orphans."""
    command = [sys.executable, "-m", "tests.crash.harness", "--kills", str(kills), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{kills} kills over 1 jobs" in done.stdout
    assert "every bit as if there had been none, and nothing left" in done.stdout
    return done.stdout


def test_a_job_whose_processes_are_killed_ends_as_if_nothing_had_happened():
    harness(4, "--seed", "1")


def test_a_job_whose_processes_are_told_to_end_at_every_stage_goes_on_to_the_same_end():
    told = harness(6, "--signal", "TERM")
    assert sum(f" while {stage} after" in told for stage in STAGES) >= len(STAGES) - 2  # some last for milliseconds
