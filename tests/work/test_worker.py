import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import Store, open_store
from burnish.work.worker import ATTEMPTS, Worker
from tests.work.made import job

Make = Callable[[str], Worker]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, lease_s=0.6)


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture
def make(settings: Settings, store: Store) -> Iterator[Make]:
    made: list[Worker] = []

    def worker(program: str) -> Worker:
        command = [sys.executable, "-c", program]
        made.append(Worker(settings, store, open_blobs(settings), "worker", lambda _: command))
        return made[-1]

    yield worker
    for each in made:
        each.work(lambda: True)


def queue(store: Store, name: str = "ftjob-1") -> None:
    store.jobs.insert(job(id=name, status=JobStatus.QUEUED), NewEvent("Created"))


def found(store: Store, name: str = "ftjob-1") -> Job:
    row = store.jobs.get(name)
    assert row is not None
    return row


def until(worker: Worker, is_done: Callable[[], bool]) -> None:
    """Turn the worker until something has happened."""
    deadline = time.monotonic() + 30
    while not is_done():
        assert time.monotonic() < deadline
        worker.turn()


def test_a_queued_job_gets_a_process_of_its_own(make: Make, store: Store, tmp_path: Path):
    queue(store)
    worker = make(f"import pathlib, time; pathlib.Path({str(tmp_path / 'ran')!r}).touch(); time.sleep(60)")
    until(worker, (tmp_path / "ran").exists)
    assert found(store).status is JobStatus.RUNNING


def test_jobs_run_one_after_the_other_in_the_order_they_came(make: Make, store: Store):
    queue(store, "ftjob-1")
    queue(store, "ftjob-2")
    worker = make("import time; time.sleep(60)")
    worker.turn()
    worker.turn()
    assert found(store, "ftjob-1").status is JobStatus.RUNNING
    assert found(store, "ftjob-2").status is JobStatus.QUEUED
    store.jobs.cancel("ftjob-1", now=time.time())
    until(worker, lambda: found(store, "ftjob-2").status is JobStatus.RUNNING)
    store.jobs.cancel("ftjob-2", now=time.time())
    until(worker, lambda: worker._running is None)


def test_a_run_that_dies_is_started_again_and_at_last_fails(make: Make, store: Store):
    queue(store)
    until(make("raise SystemExit(3)"), lambda: found(store).status.is_final)
    failed = found(store)
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "server_error"
    again = [event for event in store.events.all("ftjob-1") if "started again" in event.message]
    assert len(again) == ATTEMPTS + 1
    assert "exit code 3" in again[0].message


def test_the_lease_of_a_running_job_is_renewed(make: Make, store: Store):
    queue(store)
    worker = make("import time; time.sleep(60)")
    worker.turn()
    soon = time.monotonic() + 1.5
    while time.monotonic() < soon:
        worker.turn()
        assert store.jobs.claim("thief", [JobStatus.RUNNING], 60, time.time()) is None
    store.jobs.cancel("ftjob-1", now=time.time())
    until(worker, lambda: worker._running is None)


def test_a_worker_told_to_stop_ends_its_run(make: Make, store: Store):
    queue(store)
    worker = make("import time; time.sleep(60)")
    worker.turn()
    run = worker._running
    assert run is not None
    worker.work(lambda: True)
    assert run.process.poll() is not None


def test_a_new_jobs_files_are_checked_while_another_trains(make: Make, store: Store):
    queue(store, "ftjob-1")
    worker = make("import time; time.sleep(60)")
    worker.turn()
    request = {
        "model": "burnish-starter",
        "training_file": "file-train",
        "method": {
            "type": "reinforcement",
            "reinforcement": {"grader": {"type": "string_check", "input": "x", "reference": "x", "operation": "eq"}},
        },
    }
    store.jobs.insert(job(request, id="ftjob-2"), NewEvent("Created"))
    worker.turn()
    assert found(store, "ftjob-2").status is JobStatus.FAILED  # its files are not there
    assert found(store, "ftjob-1").status is JobStatus.RUNNING
    worker.work(lambda: True)
