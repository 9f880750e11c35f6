import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.cli.worker import check_reach
from burnish.core.errors import BurnishError
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.settings import Settings, child_environment
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from tests.rows import file, job


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", poll_s=0.05)


def test_a_worker_that_reaches_the_rows_but_not_the_bytes_is_refused(settings: Settings, tmp_path: Path):
    store = open_store(settings)
    store.files.insert(file("file-1"))
    elsewhere = settings.model_copy(update={"blobs_url": (tmp_path / "other").as_uri()})
    (tmp_path / "other").mkdir()
    with pytest.raises(BurnishError, match=r"file file-1, but its bytes are not .*/other. Give it the blobs_url"):
        check_reach(elsewhere)
    open_blobs(settings).put("files/file-1", b"{}")
    check_reach(settings)
    store.files.insert(file("file-deleted-by-hand"))
    check_reach(settings)


def test_a_worker_runs_at_least_one_job_at_a_time():
    refused = CliRunner().invoke(app, ["worker", "--jobs", "0"])
    assert refused.exit_code == 2
    assert "--jobs" in refused.output


@pytest.mark.slow
def test_a_worker_alone_takes_jobs_without_a_terminal_until_it_is_stopped(settings: Settings):
    store = open_store(settings)
    store.jobs.insert(job("ftjob-1"), NewEvent("Created"))
    command = [sys.executable, "-m", "burnish", "worker"]
    with subprocess.Popen(
        command, env=child_environment(settings), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while store.jobs.require("ftjob-1").status is not JobStatus.FAILED:  # its files are not there
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"Burnish works on jobs, 1 at a time" in told
    store.close()
