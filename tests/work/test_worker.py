import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from burnish.core.job import JobStatus
from burnish.core.records import Checkpoint, Job, NewEvent, TunedModel
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.leaving import Leaving
from burnish.store.store import Store, open_store, store_at
from burnish.work.worker import DEATHS, Worker
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
    until(worker, lambda: not worker._runs)


def test_a_worker_runs_as_many_jobs_at_a_time_as_it_is_told(make: Make, settings: Settings, store: Store):
    names = [f"ftjob-{number}" for number in range(3)]
    for name in names:
        queue(store, name)
    worker = make("import time; time.sleep(60)")
    worker.settings = settings.model_copy(update={"concurrent_jobs": 2})
    for _ in range(4):
        worker.turn()
    assert [found(store, name).status.value for name in names] == ["running", "running", "queued"]
    store.jobs.cancel("ftjob-0", now=time.time())
    until(worker, lambda: found(store, "ftjob-2").status is JobStatus.RUNNING)
    assert len(worker._runs) == 2


def test_the_end_of_one_run_leaves_the_others_alone(make: Make, settings: Settings, store: Store):
    queue(store, "ftjob-1")
    queue(store, "ftjob-2")
    worker = make("import time; time.sleep(60)")
    worker.settings = settings.model_copy(update={"concurrent_jobs": 2})
    until(worker, lambda: len(worker._runs) == 2)
    first, second = worker._runs
    first.process.kill()
    until(worker, lambda: found(store, "ftjob-1").attempt == 2)
    assert second in worker._runs
    assert (found(store, "ftjob-1").deaths, found(store, "ftjob-2").attempt) == (1, 1)


def test_a_run_that_dies_is_started_again_and_at_last_fails(make: Make, store: Store):
    queue(store)
    until(make("raise SystemExit(3)"), lambda: found(store).status.is_final)
    failed = found(store)
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "server_error"
    assert failed.deaths == DEATHS + 1
    assert failed.error.message.startswith("The run died 4 times without getting a step further")


def test_a_job_with_a_checkpoint_whose_runs_die_ends_with_it_and_leaves_nothing(make: Make, store: Store):
    queue(store)
    claimed = store.jobs.claim("dead", [JobStatus.QUEUED], 0.0, time.time() - 10)
    assert claimed is not None
    model = TunedModel("ft:step-4", 1000, "burnish-starter", "ftjob-1", 4, "models/4", "lora", "none", "default")
    leaving = Leaving(checkpoints=[Checkpoint("ftckpt_4", "ftjob-1", 1000, 4, model.name, {})], models=[model])
    store.jobs.commit_step("ftjob-1", claimed.attempt, 4, now=time.time(), leaving=leaving)
    worker = make("raise SystemExit(3)")
    worker.blobs.put("snapshots/ftjob-1/000004/x", b"x")
    until(worker, lambda: found(store).status.is_final)
    done = found(store)
    assert (done.status, done.fine_tuned_model, done.error) == (JobStatus.SUCCEEDED, "ft:step-4", None)
    told = [(event.level, event.message) for event in store.events.all("ftjob-1")[-3:]]
    assert told[0][0] == "error"
    assert told[0][1].startswith("The run died 4 times without getting a step further")
    assert told[1] == ("warn", "The run failed; its latest checkpoint, of step 4, is the job's model")
    assert worker.blobs.paths("snapshots") == []


def test_a_step_forward_forgives_the_deaths(make: Make, store: Store):
    queue(store)
    claimed = store.jobs.claim("dead", [JobStatus.QUEUED], 0.0, time.time() - 10)
    assert claimed is not None
    again = store.jobs.claim("dead too", [JobStatus.RUNNING], 60, time.time())
    assert again is not None
    assert again.deaths == 1
    store.jobs.commit_step("ftjob-1", again.attempt, 1, now=time.time())
    assert found(store).deaths == 0


def test_the_lease_of_a_running_job_is_renewed(make: Make, store: Store):
    queue(store)
    worker = make("import time; time.sleep(60)")
    worker.turn()
    soon = time.monotonic() + 1.5
    while time.monotonic() < soon:
        worker.turn()
        assert store.jobs.claim("thief", [JobStatus.RUNNING], 60, time.time()) is None
    store.jobs.cancel("ftjob-1", now=time.time())
    until(worker, lambda: not worker._runs)


def test_a_worker_told_to_stop_ends_its_run(make: Make, store: Store):
    queue(store)
    worker = make("import time; time.sleep(60)")
    worker.turn()
    [run] = worker._runs
    worker.work(lambda: True)
    assert run.process.poll() is not None


def test_a_job_given_back_can_be_claimed_at_once_and_has_not_died(make: Make, store: Store, tmp_path: Path):
    queue(store)
    worker = make("import time; time.sleep(60)")
    worker.turn()
    (tmp_path / "runs" / "ftjob-1-1").mkdir(parents=True)
    worker.work(lambda: True)
    assert list((tmp_path / "runs").iterdir()) == []
    again = store.jobs.claim("another", [JobStatus.RUNNING], 60, time.time())
    assert again is not None
    assert (again.attempt, again.deaths) == (2, 0)
    store.jobs.release("ftjob-1", 2)
    after_a_death = store.jobs.claim("a third", [JobStatus.RUNNING], 60, time.time())
    assert after_a_death is not None
    assert after_a_death.deaths == 1


def test_a_worker_told_to_stop_while_the_store_is_away_ends_all_the_same(settings: Settings, store: Store):
    queue(store)
    own = store_at(f"sqlite:///{settings.data_dir}/burnish.db?timeout=0.1")
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    worker = Worker(settings, own, open_blobs(settings), "worker", lambda _: command)
    worker.turn()
    [run] = worker._runs
    with closing(sqlite3.connect(settings.data_dir / "burnish.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        worker.work(lambda: True)
    assert run.process.poll() is not None
    own.close()


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


def test_a_worker_waits_for_a_store_that_is_away(settings: Settings, store: Store):
    queue(store)
    waiting = store_at(f"sqlite:///{settings.data_dir}/burnish.db?timeout=0.1")
    other = sqlite3.connect(settings.data_dir / "burnish.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    looks = iter(range(3))

    def is_stopping() -> bool:
        look = next(looks)
        if look == 1:
            other.execute("ROLLBACK")
        return look == 2

    Worker(settings, waiting, open_blobs(settings), "worker", lambda _: ["true"]).work(is_stopping)
    assert found(store).attempt == 1
    other.close()


RUNS_UNTIL_TOLD = """
import pathlib, sys, time
name, attempt, directory = sys.argv[1:]
with open(f"{directory}/ran", "a") as ran:
    ran.write(f"{name} {attempt}\\n")
while not pathlib.Path(directory, name).exists():
    time.sleep(0.01)
"""


def test_three_workers_on_one_database_run_every_job_once(database_url: str, tmp_path: Path):
    settings = Settings(data_dir=tmp_path, database_url=database_url, poll_s=0.01)
    store = open_store(settings)
    names = [f"ftjob-{number}" for number in range(20)]
    for name in names:
        queue(store, name)
    stopping = threading.Event()

    def work(worker: str) -> None:
        own = open_store(settings)

        def command(job: Job) -> list[str]:
            return [sys.executable, "-S", "-c", RUNS_UNTIL_TOLD, job.id, str(job.attempt), str(tmp_path)]

        Worker(settings, own, open_blobs(settings), worker, command).work(stopping.is_set)
        own.close()

    workers = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(3)]
    for each in workers:
        each.start()
    (tmp_path / "ran").touch()
    ended: list[tuple[str, str]] = []
    deadline = time.monotonic() + 120
    while len(ended) < len(names) and time.monotonic() < deadline:
        for line in (tmp_path / "ran").read_text().splitlines()[len(ended) :]:
            name, attempt = line.split()
            store.jobs.move(name, JobStatus.SUCCEEDED, now=time.time(), attempt=int(attempt))
            (tmp_path / name).touch()
            ended.append((name, attempt))
        time.sleep(0.01)
    stopping.set()
    for each in workers:
        each.join()
    assert sorted(ended) == sorted((name, "1") for name in names)
    assert {found(store, name).status for name in names} == {JobStatus.SUCCEEDED}
    store.close()
