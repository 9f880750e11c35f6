import time
from pathlib import Path

from burnish.core.job import JobStatus
from burnish.core.model_name import name_of
from burnish.core.records import Job, NewEvent, TunedModel
from burnish.core.rollout import Grade, SampleKey
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.job_rows import JobFields
from burnish.store.leaving import Leaving
from burnish.store.places import model_blob
from burnish.store.store import Store, open_store
from burnish.work.ending import result_ids
from burnish.work.leftovers import clear, sweep
from tests.work.made import job

KEY = SampleKey("ftjob-1", "train", 1, 1, 0)


def claimed(settings: Settings, store: Store) -> Job:
    """A job whose run has left a directory, a snapshot and a grade."""
    store.jobs.insert(job(status=JobStatus.QUEUED), NewEvent("Created"))
    found = store.jobs.claim("worker", [JobStatus.QUEUED], 60, time.time())
    assert found is not None
    (settings.data_dir / "runs" / "ftjob-1-1").mkdir(parents=True)
    open_blobs(settings).put("snapshots/ftjob-1/000001/x", b"x")
    store.grades.put(KEY, "digest", Grade("n", "python", 1.0), 1)
    return found


def left(settings: Settings, store: Store) -> list[bool]:
    """Directory, snapshot, grade."""
    return [
        (settings.data_dir / "runs" / "ftjob-1-1").exists(),
        open_blobs(settings).has("snapshots/ftjob-1/000001/x"),
        store.grades.get(KEY, "digest") is not None,
    ]


def test_a_run_that_died_leaves_what_the_next_one_needs(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    store = open_store(settings)
    found = claimed(settings, store)
    clear(found, settings, store, open_blobs(settings))
    assert left(settings, store) == [False, True, True]


def test_of_a_job_that_has_ended_nothing_stays(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    store = open_store(settings)
    found = claimed(settings, store)
    store.jobs.cancel("ftjob-1", now=time.time())
    clear(found, settings, store, open_blobs(settings))
    assert left(settings, store) == [False, False, False]


def test_a_sweep_touches_no_run_that_may_be_alive(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    store = open_store(settings)
    claimed(settings, store)
    sweep(settings, store, open_blobs(settings))
    assert left(settings, store) == [True, True, True]


def test_a_sweep_removes_what_an_earlier_attempt_and_an_ended_job_left(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    store = open_store(settings)
    claimed(settings, store)
    store.jobs.claim("another", [JobStatus.RUNNING], 60, time.time() + 1000)
    sweep(settings, store, open_blobs(settings))
    assert left(settings, store) == [False, True, True]
    store.jobs.cancel("ftjob-1", now=time.time())
    sweep(settings, store, open_blobs(settings))
    assert left(settings, store) == [False, False, False]


def test_runs_before_the_one_that_ended_leave_nothing_and_those_of_others_stay(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    store = open_store(settings)
    found = claimed(settings, store)
    for name in ("ftjob-1-0", "ftjob-1-2", "ftjob-10-1"):
        (tmp_path / "runs" / name).mkdir()
    clear(found, settings, store, open_blobs(settings))
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["ftjob-1-2", "ftjob-10-1"]


def test_bytes_of_a_job_that_has_ended_stay_only_where_a_row_names_them(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    store, blobs = open_store(settings), open_blobs(settings)
    found = claimed(settings, store)
    names = {step: name_of(found, "local", step) for step in (None, 2, 3)}
    kept = TunedModel(names[2], 1000, "base", "ftjob-1", 2, model_blob(names[2]), "lora", "none", "default")
    fields: JobFields = {"plan": {"total_steps": 3}}
    store.jobs.update("ftjob-1", found.attempt, now=time.time(), fields=fields, leaving=Leaving(models=[kept]))
    for name in (*names.values(), "ft:base:local::of-another"):
        blobs.put(f"{model_blob(name)}/weights", b"x")
    blobs.put(f"files/{result_ids('ftjob-1')[1]}", b"x")
    before = blobs.paths()
    clear(found, settings, store, blobs)
    assert blobs.paths() == before
    store.jobs.cancel("ftjob-1", now=time.time())
    sweep(settings, store, blobs)
    assert blobs.paths() == sorted(f"{model_blob(name)}/weights" for name in (names[2], "ft:base:local::of-another"))
