import multiprocessing
from pathlib import Path

import pytest
import sqlalchemy as sa

from burnish.core.errors import InvalidRequest, LeaseLost, NotFound
from burnish.core.job import JobStatus
from burnish.core.records import Job, JobError, NewEvent
from burnish.store.leaving import Leaving
from burnish.store.store import Store
from burnish.store.tables import webhook_events
from tests.claimants import claim_all
from tests.rows import NOW, checkpoint, file, job, model, model_name

S = JobStatus
ANY = [S.VALIDATING_FILES, S.QUEUED, S.RUNNING, S.PAUSING]
LEASE = 60.0


def _add(
    store: Store, job_id: str, status: JobStatus = S.QUEUED, metadata: dict[str, str] | None = None, **fields: str
) -> None:
    store.jobs.insert(job(job_id, status=status, metadata=metadata, **fields), NewEvent("created"))


def _running(store: Store, job_id: str = "ftjob-a") -> Job:
    _add(store, job_id)
    claimed = store.jobs.claim("worker", [S.QUEUED], LEASE, NOW)
    assert claimed is not None
    return claimed


def _messages(store: Store, job_id: str = "ftjob-a") -> list[str]:
    return [event.message for event in store.events.all(job_id)]


def test_jobs_are_paged_newest_first_and_filtered_by_metadata(store: Store):
    _add(store, "ftjob-1", metadata={"team": "a", "run": "1"})
    _add(store, "ftjob-2", metadata={"team": "a", "run": ""})
    _add(store, "ftjob-3")
    _add(store, "ftjob-4", metadata={})

    def ids(**filters) -> list[str]:
        return [each.id for each in store.jobs.page(**filters).items]

    assert ids() == ["ftjob-4", "ftjob-3", "ftjob-2", "ftjob-1"]
    assert ids(metadata={"team": "a"}) == ["ftjob-2", "ftjob-1"]
    assert ids(metadata={"team": "a", "run": "1"}) == ["ftjob-1"]
    assert ids(metadata={"run": ""}) == ["ftjob-2"]
    assert ids(without_metadata=True) == ["ftjob-3"]
    assert ids(after="ftjob-3", limit=1) == ["ftjob-2"]


def test_the_oldest_queued_job_is_claimed_first_and_runs(store: Store):
    _add(store, "ftjob-1")
    _add(store, "ftjob-2")
    first = store.jobs.claim("w", ANY, LEASE, NOW + 9)
    assert first is not None
    assert (first.id, first.status, first.attempt, first.started_at) == ("ftjob-1", S.RUNNING, 1, NOW + 9)
    second = store.jobs.claim("w", ANY, LEASE, NOW)
    assert second is not None
    assert second.id == "ftjob-2"
    assert store.jobs.claim("w", ANY, LEASE, NOW) is None


def _claim_all(store: Store, now: float = NOW) -> list[str]:
    """The ids of all that can be claimed, in the order in which they are."""
    claimed = []
    while (mine := store.jobs.claim("w", ANY, LEASE, now)) is not None:
        claimed.append(mine.id)
    return claimed


def test_many_jobs_of_one_project_keep_no_other_waiting(store: Store):
    for number in range(4):
        _add(store, f"ftjob-many-{number}", project="many")
    _add(store, "ftjob-few-0", project="few")
    _add(store, "ftjob-few-1", project="few")
    taken = ["ftjob-many-0", "ftjob-few-0", "ftjob-many-1", "ftjob-few-1", "ftjob-many-2", "ftjob-many-3"]
    assert _claim_all(store) == taken


def test_jobs_that_nobody_holds_any_more_do_not_count_against_their_project(store: Store):
    _add(store, "ftjob-1", project="a")
    _add(store, "ftjob-2", project="a")
    _add(store, "ftjob-3", project="b")
    store.jobs.claim("w", ANY, LEASE, NOW)
    store.jobs.move("ftjob-1", S.SUCCEEDED, now=NOW, attempt=1)
    assert _claim_all(store) == ["ftjob-2", "ftjob-3"]


def test_a_job_that_was_begun_goes_before_those_that_wait(store: Store):
    _add(store, "ftjob-1", project="a")
    _add(store, "ftjob-2", project="a")
    _add(store, "ftjob-3", project="b")
    assert _claim_all(store) == ["ftjob-1", "ftjob-3", "ftjob-2"]
    _add(store, "ftjob-0", project="c")
    store.jobs.release("ftjob-2", 1)
    assert _claim_all(store) == ["ftjob-2", "ftjob-0"]


def test_only_the_states_asked_for_are_claimed(store: Store):
    _add(store, "ftjob-1", S.PAUSED)
    _add(store, "ftjob-2", S.CANCELLED)
    _add(store, "ftjob-3", S.VALIDATING_FILES)
    assert store.jobs.claim("w", [S.QUEUED, S.RUNNING], LEASE, NOW) is None
    claimed = store.jobs.claim("w", [S.VALIDATING_FILES], LEASE, NOW)
    assert claimed is not None
    assert (claimed.id, claimed.status, claimed.started_at) == ("ftjob-3", S.VALIDATING_FILES, None)
    assert store.jobs.claim("w", [S.VALIDATING_FILES], LEASE, NOW) is None


def test_a_validated_job_can_be_claimed_for_training_at_once(store: Store):
    _add(store, "ftjob-1", S.VALIDATING_FILES)
    store.jobs.claim("w", [S.VALIDATING_FILES], LEASE, NOW)
    store.jobs.move("ftjob-1", S.QUEUED, now=NOW, attempt=1)
    claimed = store.jobs.claim("w", [S.QUEUED], LEASE, NOW)
    assert claimed is not None
    assert claimed.attempt == 2


def test_a_running_job_is_claimed_again_only_when_its_lease_has_run_out(store: Store):
    _running(store)
    assert store.jobs.claim("other", ANY, LEASE, NOW + LEASE) is None
    assert store.jobs.heartbeat("ftjob-a", 1, LEASE, NOW + 50) is True
    assert store.jobs.claim("other", ANY, LEASE, NOW + 100) is None
    again = store.jobs.claim("other", ANY, LEASE, NOW + 111)
    assert again is not None
    assert (again.attempt, again.started_at) == (2, NOW)


def test_a_dead_workers_job_is_claimed_though_the_clock_was_set_back(store: Store):
    _running(store)
    assert store.jobs.claim("other", ANY, LEASE, NOW - LEASE) is None
    earlier = NOW - 3600
    assert store.jobs.heartbeat("ftjob-a", 1, LEASE, earlier) is True  # a live worker's is renewed by the new clock
    assert store.jobs.claim("other", ANY, LEASE, earlier + 1) is None
    assert store.jobs.heartbeat("ftjob-a", 1, LEASE, NOW) is True
    again = store.jobs.claim("other", ANY, LEASE, earlier)
    assert again is not None
    assert again.attempt == 2
    assert store.jobs.heartbeat("ftjob-a", 1, LEASE, earlier) is False


def test_events_keep_their_order_though_the_clock_is_set_back(store: Store):
    claimed = _running(store)
    for step, now in ((1, NOW), (2, NOW - 3600), (3, NOW + 3600)):
        leaving = Leaving([NewEvent(f"step {step}")])
        store.jobs.commit_step("ftjob-a", claimed.attempt, step, now=now, leaving=leaving)
    assert _messages(store) == ["created", "step 1", "step 2", "step 3"]
    newest = store.events.page("ftjob-a", limit=2)
    assert [each.message for each in newest.items] == ["step 3", "step 2"]
    older = store.events.page("ftjob-a", after=newest.items[-1].id)
    assert [each.message for each in older.items] == ["step 1", "created"]


def test_a_stale_attempt_writes_nothing(store: Store):
    _running(store)
    store.jobs.claim("other", ANY, LEASE, NOW + 100)
    before = store.jobs.get("ftjob-a")
    leaving = Leaving([NewEvent("from the dead")])
    with pytest.raises(LeaseLost):
        store.jobs.commit_step("ftjob-a", 1, 1, now=NOW, fields={"trained_tokens": 9}, leaving=leaving)
    with pytest.raises(LeaseLost):
        store.jobs.move("ftjob-a", S.SUCCEEDED, now=NOW, attempt=1, leaving=leaving)
    with pytest.raises(LeaseLost):
        store.jobs.say("ftjob-a", 1, leaving.events, now=NOW)
    with pytest.raises(LeaseLost):
        store.jobs.check_under_way("ftjob-a", 1)
    store.jobs.check_under_way("ftjob-a", 2)
    assert store.jobs.heartbeat("ftjob-a", 1, LEASE, NOW) is False
    assert store.jobs.get("ftjob-a") == before
    assert _messages(store) == ["created"]


def test_an_attempt_whose_job_was_given_back_writes_nothing(store: Store):
    _running(store)
    store.jobs.move("ftjob-a", S.QUEUED, now=NOW, attempt=1)
    with pytest.raises(LeaseLost):
        store.jobs.commit_step("ftjob-a", 1, 1, now=NOW)


def test_a_step_is_written_once_with_all_that_goes_with_it(store: Store):
    _running(store)
    leaving = Leaving(
        events=[NewEvent("Step 2/9", type="metrics", data={"step": 2})],
        checkpoints=[checkpoint("ftjob-a", 2)],
        models=[model("ftjob-a", 2)],
        files=[file("file-r")],
    )
    for now in (NOW, NOW + 1):
        fields = {"trained_tokens": now, "estimated_finish": now + 90}
        store.jobs.commit_step("ftjob-a", 1, 2, now=now, fields=fields, leaving=leaving)
    written = store.jobs.get("ftjob-a")
    assert written is not None
    assert (written.trained_tokens, written.estimated_finish) == (NOW, NOW + 90)
    assert _messages(store) == ["created", "Step 2/9"]
    assert store.checkpoints.all("ftjob-a") == [checkpoint("ftjob-a", 2)]
    assert store.models.get(model_name(2)) is not None
    assert store.files.get("file-r") is not None
    assert store.jobs.last_step("ftjob-a") == 2


def test_a_step_that_fails_half_way_leaves_nothing(store: Store):
    _running(store)
    twice = Leaving(events=[NewEvent("half")], models=[model("ftjob-a", 1), model("ftjob-a", 1)])
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.jobs.commit_step("ftjob-a", 1, 1, now=NOW, leaving=twice)
    assert _messages(store) == ["created"]
    assert store.jobs.last_step("ftjob-a") == 0


def test_a_move_ends_a_job_with_its_error(store: Store):
    _running(store)
    error = JobError("invalid_training_file", "line 3", "training_file")
    moved = store.jobs.move(
        "ftjob-a", S.FAILED, now=NOW + 7, attempt=1, fields={"error": error}, leaving=Leaving([NewEvent("bad")])
    )
    assert (moved.status, moved.finished_at, moved.error, moved.estimated_finish) == (S.FAILED, NOW + 7, error, None)
    assert _messages(store) == ["created", "bad"]


def test_a_move_that_is_not_in_the_table_is_refused(store: Store):
    _add(store, "ftjob-a")
    with pytest.raises(InvalidRequest, match="cannot move from 'queued' to 'succeeded'"):
        store.jobs.move("ftjob-a", S.SUCCEEDED, now=NOW)
    with pytest.raises(NotFound):
        store.jobs.move("ftjob-nowhere", S.CANCELLED, now=NOW)


def test_a_running_job_is_pausing_until_its_worker_has_stopped(store: Store):
    _running(store)
    assert store.jobs.pause("ftjob-a", now=NOW).status is S.PAUSING
    assert store.jobs.desired("ftjob-a") == "pause"
    store.jobs.commit_step("ftjob-a", 1, 1, now=NOW)
    store.jobs.move("ftjob-a", S.PAUSED, now=NOW, attempt=1)
    assert store.jobs.claim("w", ANY, LEASE, NOW + 999) is None
    resumed = store.jobs.resume("ftjob-a", now=NOW)
    assert (resumed.status, resumed.desired) == (S.QUEUED, "run")
    assert store.jobs.claim("w", ANY, LEASE, NOW) is not None


def test_a_running_job_without_a_worker_is_paused_at_once(store: Store):
    _running(store)
    assert store.jobs.pause("ftjob-a", now=NOW + 100).status is S.PAUSED
    with pytest.raises(LeaseLost):
        store.jobs.commit_step("ftjob-a", 1, 1, now=NOW + 100)


def test_a_run_writes_its_plan_in_whatever_state_its_job_is(store: Store):
    _running(store)
    store.jobs.pause("ftjob-a", now=NOW)
    store.jobs.update("ftjob-a", 1, now=NOW, fields={"plan": {"seed": 1}}, leaving=Leaving([NewEvent("plan")]))
    planned = store.jobs.require("ftjob-a")
    assert (planned.plan, planned.status) == ({"seed": 1}, S.PAUSING)
    assert _messages(store)[-1] == "plan"
    with pytest.raises(LeaseLost):
        store.jobs.update("ftjob-a", 0, now=NOW, fields={"plan": None})


def test_a_pausing_job_whose_worker_died_can_be_claimed(store: Store):
    _running(store)
    store.jobs.pause("ftjob-a", now=NOW)
    claimed = store.jobs.claim("w", ANY, LEASE, NOW + 100)
    assert claimed is not None
    assert (claimed.status, claimed.desired) == (S.PAUSING, "pause")


@pytest.mark.parametrize("status", [S.VALIDATING_FILES, S.QUEUED, S.PAUSING, S.PAUSED, S.SUCCEEDED])
def test_only_a_running_job_can_be_paused(store: Store, status: JobStatus):
    _add(store, "ftjob-a", status)
    with pytest.raises(InvalidRequest, match=f"its status is '{status}'"):
        store.jobs.pause("ftjob-a", now=NOW)


@pytest.mark.parametrize("status", [S.VALIDATING_FILES, S.RUNNING, S.PAUSING, S.FAILED])
def test_only_a_paused_job_can_be_resumed(store: Store, status: JobStatus):
    _add(store, "ftjob-a", status)
    with pytest.raises(InvalidRequest, match=f"its status is '{status}'"):
        store.jobs.resume("ftjob-a", now=NOW)


def test_a_cancelled_run_learns_it_at_its_next_step_and_may_close_its_books(store: Store):
    _running(store)
    cancelled = store.jobs.cancel("ftjob-a", now=NOW + 5)
    assert (cancelled.status, cancelled.finished_at) == (S.CANCELLED, NOW + 5)
    assert store.jobs.heartbeat("ftjob-a", 1, LEASE, NOW + 6) is False
    step = Leaving([NewEvent("too late")])
    with pytest.raises(LeaseLost):
        store.jobs.commit_step("ftjob-a", 1, 1, now=NOW + 6, leaving=step)
    closed = store.jobs.move("ftjob-a", S.CANCELLED, now=NOW + 7, attempt=1, fields={"result_files": ("file-r",)})
    assert (closed.result_files, closed.finished_at) == (("file-r",), NOW + 5)
    assert "too late" not in _messages(store)
    with pytest.raises(LeaseLost):
        store.jobs.move("ftjob-a", S.SUCCEEDED, now=NOW + 8, attempt=1)


@pytest.mark.parametrize("status", [S.SUCCEEDED, S.FAILED, S.CANCELLED])
def test_a_job_that_has_ended_cannot_be_cancelled(store: Store, status: JobStatus):
    _add(store, "ftjob-a", status)
    with pytest.raises(InvalidRequest, match="ended already"):
        store.jobs.cancel("ftjob-a", now=NOW)


def test_a_wish_is_read_back(store: Store):
    _running(store)
    assert store.jobs.desired("ftjob-a") == "run"
    store.jobs.desire("ftjob-a", "cancel")
    assert store.jobs.desired("ftjob-a") == "cancel"
    with pytest.raises(NotFound):
        store.jobs.desired("ftjob-nowhere")


def test_processes_that_claim_at_once_never_claim_the_same_job(store: Store, database_url: str, tmp_path: Path):
    for number in range(120):
        _add(store, f"ftjob-{number}", S.QUEUED if number % 3 else S.VALIDATING_FILES)
    processes = multiprocessing.get_context("spawn")
    outs = [tmp_path / f"claimed-{number}" for number in range(4)]
    started = [processes.Process(target=claim_all, args=(database_url, out.name, out)) for out in outs]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * 4
    claimed = [line for out in outs for line in out.read_text().splitlines()]
    assert sorted(claimed) == sorted(f"ftjob-{number} 1" for number in range(120))


def test_a_resume_may_change_metadata(store: Store):
    _add(store, "ftjob-a", S.PAUSED, {"team": "red", "cap": "1", "other": "2"})
    resumed = store.jobs.resume("ftjob-a", now=NOW, metadata={"cap": "5", "other": None, "fresh": "9"})
    assert resumed.metadata == {"team": "red", "cap": "5", "fresh": "9"}
    assert store.jobs.page(metadata={"other": "2"}).items == store.jobs.page(metadata={"cap": "1"}).items == []
    assert [job.id for job in store.jobs.page(metadata={"cap": "5", "team": "red"}).items] == ["ftjob-a"]


def test_the_last_metadata_taken_away_leaves_none(store: Store):
    _add(store, "ftjob-a", S.PAUSED, {"cap": "1"})
    assert store.jobs.resume("ftjob-a", now=NOW, metadata={"cap": None}).metadata is None
    assert [job.id for job in store.jobs.page(without_metadata=True).items] == ["ftjob-a"]


def _told(store: Store) -> list[tuple[str, str]]:
    """Type and job of every webhook event, in their order."""
    with store.database.read() as connection:
        rows = connection.execute(sa.select(webhook_events).order_by(webhook_events.c.number)).all()
    assert {row.project for row in rows} <= {"default"}
    return [(row.type.removeprefix("fine_tuning.job."), row.subject) for row in rows]


def test_every_end_and_every_pause_is_told_once(store: Store):
    for name, status in (("ftjob-s", S.SUCCEEDED), ("ftjob-f", S.FAILED)):
        held = _running(store, name)
        store.jobs.move(name, status, now=NOW, attempt=held.attempt)
        store.jobs.move(name, status, now=NOW, attempt=held.attempt)  # a run closes its books
    _running(store, "ftjob-p")
    store.jobs.pause("ftjob-p", now=NOW)
    store.jobs.move("ftjob-p", S.PAUSED, now=NOW, attempt=1)
    store.jobs.resume("ftjob-p", now=NOW)
    store.jobs.cancel("ftjob-p", now=NOW)
    expected = [("succeeded", "ftjob-s"), ("failed", "ftjob-f"), ("paused", "ftjob-p"), ("cancelled", "ftjob-p")]
    assert _told(store) == expected


def test_a_pause_without_a_worker_is_told(store: Store):
    _running(store)
    store.jobs.pause("ftjob-a", now=NOW + LEASE + 1)
    assert _told(store) == [("paused", "ftjob-a")]


def test_what_did_not_happen_is_not_told(store: Store):
    held = _running(store)
    store.files.insert(file("file-1"))
    with pytest.raises(sa.exc.IntegrityError):  # the transaction ends in the middle, as if its process had died
        leaving = Leaving(files=[file("file-1")])
        store.jobs.move("ftjob-a", S.SUCCEEDED, now=NOW, attempt=held.attempt, leaving=leaving)
    with pytest.raises(LeaseLost):
        store.jobs.move("ftjob-a", S.SUCCEEDED, now=NOW, attempt=held.attempt + 1)
    assert (store.jobs.require("ftjob-a").status, _told(store)) == (S.RUNNING, [])
