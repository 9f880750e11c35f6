import contextlib
import threading

import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.store import Store, store_at
from burnish.store.uses import model_in_use
from tests.rows import NOW, file, job, model, model_name

FINAL = [status for status in JobStatus if status.is_final]
UNFINISHED = [status for status in JobStatus if not status.is_final]


def _file_and_job(store: Store, status: JobStatus, **changes: str) -> None:
    store.files.insert(file("file-1"))
    store.jobs.insert(job("ftjob-a", status=status, **changes), NewEvent("created"))


@pytest.mark.parametrize("status", UNFINISHED)
@pytest.mark.parametrize("role", ["training_file", "validation_file"])
def test_a_file_stays_while_a_job_needs_it_and_the_job_is_named(store: Store, status: JobStatus, role: str):
    _file_and_job(store, status, **{role: "file-1"})
    with pytest.raises(InvalidRequest, match=rf"in use by job 'ftjob-a' \({status}\)") as caught:
        store.files.delete("file-1")
    assert (caught.value.param, caught.value.code) == ("id", "file_in_use")
    assert store.files.get("file-1") is not None


@pytest.mark.parametrize("status", FINAL)
def test_a_file_may_go_once_the_job_has_ended(store: Store, status: JobStatus):
    _file_and_job(store, status, training_file="file-1")
    assert store.files.delete("file-1") is True
    assert store.files.get("file-1") is None


def test_a_file_whose_time_has_run_out_stays_while_a_job_needs_it(store: Store):
    store.files.insert(file("file-1", expires_at=NOW))
    store.jobs.insert(job("ftjob-a", validation_file="file-1"), NewEvent("created"))
    assert store.files.expire(NOW + 1) == []
    store.jobs.cancel("ftjob-a", now=NOW)
    assert store.files.expire(NOW + 1) == ["file-1"]


def test_a_job_whose_file_has_gone_is_not_written(store: Store):
    store.files.insert(file("file-1"))
    store.files.insert(file("file-2", project="b"))
    wanted = {"training_file": "file-1", "validation_file": "file-2"}
    with pytest.raises(InvalidRequest, match="No such File object: file-2") as caught:
        store.jobs.insert(job("ftjob-a"), NewEvent("created"), requiring=wanted)
    assert (caught.value.param, caught.value.code) == ("validation_file", "file_not_found")
    assert store.jobs.get("ftjob-a") is None


@pytest.mark.parametrize("remove", ["delete", "expire"])
def test_of_a_job_and_the_end_of_its_file_one_comes_first(database_url: str, remove: str):
    """Side by side, again and again: a job that was written has its file, whoever was faster."""
    stores = store_at(database_url), store_at(database_url)
    outcomes = set()
    for number in range(20):
        name, start = f"file-{number}", threading.Barrier(2)
        stores[0].files.insert(file(name, expires_at=NOW))
        new = job(f"ftjob-{number}", training_file=name)

        def write(new=new, name=name, start=start) -> None:
            start.wait()
            with contextlib.suppress(InvalidRequest):
                stores[0].jobs.insert(new, NewEvent("created"), requiring={"training_file": name})

        def end(name=name, start=start) -> None:
            start.wait()
            with contextlib.suppress(InvalidRequest):
                stores[1].files.delete(name) if remove == "delete" else stores[1].files.expire(NOW + 1)

        threads = [threading.Thread(target=each) for each in (write, end)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        has_job, has_file = stores[0].jobs.get(new.id) is not None, stores[0].files.get(name) is not None
        outcomes.add((has_job, has_file))
    for each in stores:
        each.close()
    assert outcomes <= {(True, True), (False, False)}


def test_many_jobs_are_counted_not_listed(store: Store):
    store.files.insert(file("file-1"))
    for number in range(7):
        store.jobs.insert(job(f"ftjob-{number}", training_file="file-1"), NewEvent("created"))
    with pytest.raises(InvalidRequest, match=r"'ftjob-4' \(validating_files\) and 2 more\."):
        store.files.delete("file-1")


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_checkpoint_stays_while_its_job_may_need_it(store: Store, status: JobStatus):
    store.jobs.insert(job("ftjob-a", status=status), NewEvent("created"))
    store.models.insert(model("ftjob-a", 1))
    with pytest.raises(InvalidRequest, match=rf"in use by job 'ftjob-a' \({status}\)") as caught:
        store.models.delete(model_name(1))
    assert (caught.value.param, caught.value.code) == ("model", "model_in_use")


@pytest.mark.parametrize("status", FINAL)
def test_a_model_may_go_once_its_job_has_ended_though_the_job_names_it(store: Store, status: JobStatus):
    store.jobs.insert(job("ftjob-a", status=status, fine_tuned_model=model_name(1)), NewEvent("created"))
    store.models.insert(model("ftjob-a", 1))
    assert store.models.delete(model_name(1)) == model("ftjob-a", 1)


def test_a_model_stays_while_another_project_may_use_it(store: Store):
    store.models.insert(model("ftjob-a", 1))
    (permission,) = store.permissions.create(model_name(1), ["b"], now=NOW)
    with pytest.raises(InvalidRequest, match=f"in use by permission '{permission.id}' of project 'b'"):
        store.models.delete(model_name(1))
    store.permissions.delete(model_name(1), permission.id)
    assert store.models.delete(model_name(1)) is not None


def test_a_refusal_names_all_users():
    error = model_in_use("ft:a", ["alias 'x'", "alias 'y'"])
    assert error.message.startswith("The model 'ft:a' is in use by alias 'x', alias 'y'. ")
