import dataclasses

import pytest

from burnish.core.errors import NotFound, NotGiven
from burnish.core.evaluation import RunStatus
from burnish.core.job import JobStatus
from burnish.core.records import Event
from burnish.store.arrivals import Arrived, Standing
from burnish.store.store import store_at
from tests import rows
from tests.rows import NOW

THERE = "http://there/v1"


@pytest.fixture
def store(database_url):
    store = store_at(database_url)
    yield store
    store.close()


def event(number):
    return Event(f"ftevent-{number}", "ftjob-a", number, NOW + number, "info", f"line {number}", "message", None)


def test_the_standing_of_an_object_is_told_apart(store):
    assert store.arrivals.standing("file", "file-a", "default") is Standing.ABSENT
    store.files.insert(rows.file("file-a"))
    assert store.arrivals.standing("file", "file-a", "default") is Standing.OWN
    assert store.arrivals.standing("file", "file-a", "other") is Standing.ELSEWHERE
    store.arrivals.file(rows.file("file-b"), THERE, NOW)
    assert store.arrivals.standing("file", "file-b", "default") is Standing.WHOLE
    assert store.arrivals.require("file", "file-b") == Arrived("file", "file-b", THERE, NOW)
    store.files.delete("file-b")
    assert store.arrivals.standing("file", "file-b", "default") is Standing.ABSENT
    store.arrivals.file(rows.file("file-b"), THERE, NOW + 1)
    assert store.arrivals.require("file", "file-b").came_at == NOW + 1


def test_what_did_not_come_has_no_origin(store):
    with pytest.raises(NotFound, match="No eval with id 'eval_a' came"):
        store.arrivals.require("eval", "eval_a")


def test_a_job_comes_with_its_log_or_not_at_all(store):
    job = rows.job("ftjob-a", status=JobStatus.SUCCEEDED, metadata={"team": "a"})
    store.arrivals.job(job, [event(1), event(2)], [rows.checkpoint("ftjob-a", 2)], THERE, NOW)
    assert store.jobs.page(metadata={"team": "a"}).items == [job]
    assert store.events.all("ftjob-a") == [event(1), event(2)]
    assert [each.step for each in store.checkpoints.all("ftjob-a")] == [2]
    other = rows.job("ftjob-b", status=JobStatus.SUCCEEDED)
    taken = dataclasses.replace(event(1), job_id="ftjob-b")
    with pytest.raises(NotGiven, match="Part of job 'ftjob-b' has an id that is taken here"):
        store.arrivals.job(other, [taken], [], THERE, NOW)
    assert store.jobs.get("ftjob-b") is None
    assert store.arrivals.standing("job", "ftjob-b", "default") is Standing.ABSENT


def test_a_run_is_whole_once_its_last_item_is_there(store):
    store.arrivals.eval(rows.evaluation("eval_a"), THERE, NOW)
    store.arrivals.run(rows.eval_run("evalrun_a", "eval_a", status=RunStatus.COMPLETED), THERE, NOW)
    assert store.arrivals.standing("run", "evalrun_a", "default") is Standing.BEGUN
    items = [rows.eval_item("evalrun_a", place) for place in (0, 2)]
    store.arrivals.items("evalrun_a", items, last_item="outputitem_last", places=4)
    arrived = store.arrivals.require("run", "evalrun_a")
    assert (arrived.is_whole, arrived.last_item, arrived.places) == (False, "outputitem_last", 4)
    with pytest.raises(NotGiven, match="the items of run 'evalrun_a'"):
        store.arrivals.items("evalrun_a", items[:1], last_item="other", places=5)
    assert store.arrivals.require("run", "evalrun_a").places == 4
    store.arrivals.finish("evalrun_a")
    assert store.arrivals.standing("run", "evalrun_a", "default") is Standing.WHOLE
    store.evals.delete("eval_a")
    assert store.arrivals.standing("run", "evalrun_a", "default") is Standing.ABSENT
