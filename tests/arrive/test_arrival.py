import contextlib
import itertools
import json
import tracemalloc

import pytest

from burnish.arrive.arrival import Arrival, bring
from burnish.arrive.report import Report
from burnish.core.errors import Unavailable
from burnish.core.job import JobStatus
from burnish.store.blobs import blobs_in
from burnish.store.files import file_blob
from burnish.store.store import store_at
from tests import rows
from tests.arrive.recorded import ROWS, Answer, account, file, item, refusal, run, serving

ALL = ("files", "jobs", "evals")
ITEMS = "/evals/eval_a/runs/evalrun_a/output_items"


@pytest.fixture
def store(database_url):
    store = store_at(database_url)
    yield store
    store.close()


@pytest.fixture
def blobs(tmp_path):
    return blobs_in(tmp_path / "blobs")


def brought(recorded, store, blobs, project="default", kinds=ALL):
    """The report of an import."""
    report, source = Report(), recorded.source()
    try:
        bring(Arrival(source, store, blobs, project, report), kinds)
    finally:
        source.close()
    return report


def missing(report):
    return {(each.kind, each.id): each.reason for each in report.missing}


def test_what_the_source_refuses_is_told_and_the_rest_comes(store, blobs):
    recorded = account()
    recorded.lists["/files"].insert(0, file("file-pdf", purpose="assistants"))
    recorded.lists["/fine_tuning/jobs"].append({**rows.job_body(), "id": "ftjob-odd"})
    recorded.lists["/evals/eval_a/runs"].append(run("evalrun_b", "eval_a", 9, status="queued"))
    refused = refusal(400, "Not allowed to download files of purpose: assistants", None)
    recorded.fault = lambda path, _time: refused if path == "/files/file-pdf/content" else None
    with serving(recorded):
        report = brought(recorded, store, blobs)
    said = missing(report)
    assert set(said) == {("files", "file-pdf"), ("jobs", "ftjob-odd"), ("runs", "evalrun_b")}
    assert "Not allowed to download files of purpose: assistants" in said["files", "file-pdf"]
    assert store.files.get("file-pdf") is None
    assert report.came == {"files": 3, "jobs": 2, "events": 4, "checkpoints": 4, "evals": 1, "runs": 1, "items": 3}


def test_a_list_that_breaks_off_is_told_and_goes_on_the_next_time(store, blobs):
    recorded = account(items=250)
    broken = refusal(500, "Oops.", None)
    recorded.fault = lambda path, time: broken if path == ITEMS and time == 2 else None
    with serving(recorded):
        report = brought(recorded, store, blobs, kinds=("evals",))
        assert missing(report) == {("items", "of evalrun_a"): f"{ITEMS} answered 500: Oops."}
        assert report.came["items"] == 100
        recorded.asked.clear()
        recorded.fault = lambda _path, _time: None
        again = brought(recorded, store, blobs, kinds=("evals",))
    assert [path for path in recorded.asked if path.startswith(f"/v1{ITEMS}")] == [
        f"/v1{ITEMS}?limit=100&order=asc&after=outputitem_a99",
        f"/v1{ITEMS}?limit=100&order=asc&after=outputitem_a199",
    ]
    assert (again.came["items"], again.came["runs"], again.were_here["evals"], again.missing) == (150, 0, 1, [])
    assert [each.place for each in store.eval_items.walk("evalrun_a")] == list(range(250))


def test_an_import_that_breaks_off_anywhere_goes_on_and_ends_with_the_same(tmp_path, blobs):
    whole, pieces = (store_at(f"sqlite:///{tmp_path}/{name}.db") for name in ("whole", "pieces"))
    recorded = account(items=150)
    with serving(recorded):
        brought(recorded, whole, blobs)
        for requests in itertools.count(1):
            recorded.asked.clear()
            recorded.fault = lambda _path, _time, most=requests: (
                Answer(200, b'{"data": []}', sent=3) if len(recorded.asked) > most else None
            )
            with contextlib.suppress(Unavailable):
                brought(recorded, pieces, blobs)
                break
    assert requests > 5
    assert told(pieces) == told(whole)
    whole.close()
    pieces.close()


def told(store):
    """All that there is of the account, in its order."""
    jobs = [store.jobs.require(each.id) for each in store.jobs.page().items]
    return [
        [each.id for each in store.files.page().items],
        jobs,
        [store.events.all(job.id) for job in jobs],
        [store.checkpoints.all(job.id) for job in jobs],
        store.evals.page().items,
        store.eval_runs.page("eval_a").items,
        list(store.eval_items.walk("evalrun_a")),
    ]


def test_content_that_broke_off_is_fetched_again(store, blobs):
    recorded = account()
    recorded.fault = lambda path, time: Answer(200, ROWS, sent=9) if path.endswith("/content") and time < 3 else None
    with serving(recorded):
        assert brought(recorded, store, blobs, kinds=("files",)).came["files"] == 3
    assert blobs.get(file_blob("file-valid")) == ROWS


def test_a_second_import_adds_nothing_and_changes_nothing(store, blobs):
    with serving(account()) as recorded:
        brought(recorded, store, blobs)
        store.evals.update("eval_a", {"name": "ours now"}, now=1)
        before = told(store)
        recorded.asked.clear()
        again = brought(recorded, store, blobs)
    assert sum(again.came.values()) == 0
    assert again.were_here == {"files": 3, "jobs": 2, "evals": 1, "runs": 1}
    assert told(store) == before
    assert [path.partition("?")[0] for path in recorded.asked] == [
        "/v1/files",
        "/v1/fine_tuning/jobs",
        "/v1/evals",
        "/v1/evals/eval_a/runs",
    ]


def test_what_was_deleted_comes_again(store, blobs):
    with serving(account()) as recorded:
        brought(recorded, store, blobs)
        store.evals.delete("eval_a")
        store.files.delete("file-train")
        again = brought(recorded, store, blobs)
    assert (again.came, again.missing) == ({"files": 1, "evals": 1, "runs": 1, "items": 3}, [])


def test_an_object_of_ones_own_with_the_same_id_stays_and_is_told(store, blobs):
    own = rows.evaluation("eval_a")
    store.evals.insert(own)
    store.files.insert(rows.file("file-train", project="other"))
    with serving(account()) as recorded:
        report = brought(recorded, store, blobs)
    assert missing(report) == {
        ("files", "file-train"): "It is in another project of this store; an id stands for one object.",
        ("evals", "eval_a"): "An object of this store that did not come from elsewhere has that id.",
    }
    assert store.evals.require("eval_a") == own
    assert store.eval_runs.page("eval_a").items == []


def test_jobs_and_runs_that_came_are_nobodys_work(store, blobs):
    with serving(account()) as recorded:
        brought(recorded, store, blobs)
    assert store.jobs.claim("me", list(JobStatus)[:4], 60, 1e12) is None
    assert store.eval_runs.claim(60, 1e12) is None
    assert store.outbox.latest(9) == []


def test_all_of_it_belongs_to_the_project_that_is_named(store, blobs):
    with serving(account()) as recorded:
        brought(recorded, store, blobs, project="moved")
    assert told(store.of("default"))[:2] == [[], []]
    assert [job.id for job in store.of("moved").jobs.page().items] == ["ftjob-later", "ftjob-early"]
    assert [event.message[:6] for event in store.events.all("ftjob-early")] == ["Step 1", "Step 2", "Step 3"]


def test_an_item_that_is_none_is_told_and_leaves_its_place(store, blobs):
    recorded = account()
    recorded.lists[ITEMS][1] = item("evalrun_a", "eval_a", 1, results="none")
    with serving(recorded):
        report = brought(recorded, store, blobs)
    assert list(missing(report)) == [("items", "outputitem_a1")]
    assert [each.place for each in store.eval_items.walk("evalrun_a")] == [0, 2]


def test_weights_and_graders_that_do_not_run_here_are_noted(store, blobs):
    recorded = account()
    recorded.lists["/evals"][0]["testing_criteria"].append({"type": "magic", "name": "m", "id": "m-1"})
    recorded.lists["/fine_tuning/jobs"][0]["usage_metrics"] = {"cost": 3}
    with serving(recorded):
        report = brought(recorded, store, blobs)
    told = [(each.kind, each.id) for each in report.notes if each.kind != "models"]
    assert told == [("jobs", "ftjob-early"), ("evals", "eval_a")]
    assert store.jobs.require("ftjob-early").usage_metrics is None
    assert sum(each.kind == "models" for each in report.notes) == 6  # 2 jobs, each with its model and 2 checkpoints


def test_memory_does_not_grow_with_a_run(tmp_path, blobs):
    """Ours: of 40 MB of items at most a few pages are held."""
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    recorded = account(items=0)
    text = "x" * 20_000
    recorded.lists[ITEMS] = [
        item("evalrun_a", "eval_a", place, datasource_item={"label": text}) for place in range(2000)
    ]
    assert len(json.dumps(recorded.lists[ITEMS])) > 40_000_000
    with serving(recorded):
        tracemalloc.start()
        brought(recorded, store, blobs, kinds=("evals",))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20_000_000
    assert len(store.eval_items.places("evalrun_a")) == 2000
    store.close()
