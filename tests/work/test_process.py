import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.settings import Settings, child_environment
from burnish.store.store import open_store
from burnish.work.process import run_command
from tests.work.made import job


def worker(directory: Path) -> "subprocess.Popen[bytes]":
    settings = Settings(data_dir=directory, poll_s=0.05)
    command = [sys.executable, "-m", "burnish.work.process"]
    return subprocess.Popen(command, env=child_environment(settings), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_a_run_is_a_process_that_names_its_job_and_attempt():
    assert run_command(job(attempt=3))[1:] == ["-m", "burnish.work.run", "ftjob-1", "3"]


@pytest.mark.slow
def test_a_worker_ends_when_its_parent_is_gone(tmp_path: Path):
    with worker(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.mark.slow
def test_a_worker_takes_jobs_until_it_is_told_to_stop(tmp_path: Path):
    store = open_store(Settings(data_dir=tmp_path))
    request = {
        "model": "burnish-starter",
        "training_file": "file-train",
        "method": {
            "type": "reinforcement",
            "reinforcement": {"grader": {"type": "string_check", "input": "x", "reference": "x", "operation": "eq"}},
        },
    }
    store.jobs.insert(job(request), NewEvent("Created"))
    with worker(tmp_path) as process:
        deadline = time.monotonic() + 60
        while store.jobs.require("ftjob-1").status is not JobStatus.FAILED:  # its files are not there
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    store.close()
