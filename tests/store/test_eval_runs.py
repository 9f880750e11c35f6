import pytest

from burnish.core.errors import InvalidRequest, LeaseLost, NotFound
from burnish.core.evaluation import Count, ModelUse, Outcome, RunStatus, Tally
from burnish.core.records import JobError
from burnish.core.rollout import TokenUsage
from burnish.store.store import Store
from tests.rows import NOW, eval_item, eval_run, evaluation, file

RUN = "evalrun_1"


@pytest.fixture
def kept(store: Store) -> Store:
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(eval_run(RUN, "eval_1"))
    return store


def test_a_run_comes_back_as_it_was(kept):
    assert kept.eval_runs.require(RUN, "eval_1") == eval_run(RUN, "eval_1")


def test_a_run_of_an_eval_or_file_that_is_not_there_is_refused(kept):
    with pytest.raises(NotFound, match="eval_2"):
        kept.eval_runs.insert(eval_run("evalrun_2", "eval_2"))
    with pytest.raises(NotFound, match="eval_1"):
        kept.of("other").eval_runs.insert(eval_run("evalrun_2", "eval_1"))
    with pytest.raises(InvalidRequest, match="file-1"):
        kept.eval_runs.insert(eval_run("evalrun_2", "eval_1", file_id="file-1"))


def test_one_of_another_project_or_eval_is_not_there(kept):
    kept.evals.insert(evaluation("eval_2"))
    with pytest.raises(NotFound, match=RUN):
        kept.of("other").eval_runs.require(RUN)
    for act in (kept.eval_runs.require, lambda run, of: kept.eval_runs.delete(of, run)):
        with pytest.raises(NotFound, match=RUN):
            act(RUN, "eval_2")
    assert kept.of("other").eval_runs.page("eval_1").items == []


def test_a_run_is_claimed_once_and_again_when_its_lease_runs_out(kept):
    first = kept.eval_runs.claim(60, NOW)
    assert (first.status, first.attempt, first.started_at) == (RunStatus.IN_PROGRESS, 1, NOW)
    assert kept.eval_runs.claim(60, NOW + 59) is None
    assert kept.eval_runs.heartbeat(RUN, 1, 60, NOW + 59)
    assert kept.eval_runs.claim(60, NOW + 100) is None
    second = kept.eval_runs.claim(60, NOW + 120)
    assert (second.attempt, second.started_at) == (2, NOW)
    assert not kept.eval_runs.heartbeat(RUN, 1, 60, NOW + 121)
    with pytest.raises(LeaseLost):
        kept.eval_runs.add(RUN, 1, Outcome([eval_item(RUN, 0)], {}))
    kept.eval_runs.release(RUN, 2)
    assert kept.eval_runs.claim(60, NOW + 122).attempt == 3


def test_items_and_their_sums_are_written_together(kept):
    kept.eval_runs.claim(60, NOW)
    kept.eval_runs.expect(RUN, 1, 4)
    use = ModelUse(1, TokenUsage(10, 3, 2))
    kept.eval_runs.add(RUN, 1, Outcome([eval_item(RUN, 0), eval_item(RUN, 2, passed=False)], {"tiny": use}))
    broken = eval_item(RUN, 1, status="error", results=[])
    kept.eval_runs.add(RUN, 1, Outcome([broken], {"tiny": use, "judge": ModelUse(2)}))
    run = kept.eval_runs.require(RUN)
    assert run.tally == Tally(total=4, passed=1, failed=1, errored=1)
    assert run.criteria == {"exact-1": Count(passed=1, failed=1)}
    assert run.usage == {"tiny": ModelUse(2, TokenUsage(20, 6, 4)), "judge": ModelUse(2)}
    assert kept.eval_items.places(RUN) == {0, 1, 2}


def test_a_run_ends_once(kept):
    kept.eval_runs.claim(60, NOW)
    error = JobError("invalid_item", "row 3", None)
    kept.eval_runs.finish(RUN, 1, RunStatus.FAILED, now=NOW + 9, error=error)
    run = kept.eval_runs.require(RUN)
    assert (run.status, run.error, run.finished_at) == (RunStatus.FAILED, error, NOW + 9)
    with pytest.raises(LeaseLost):
        kept.eval_runs.finish(RUN, 1, RunStatus.COMPLETED, now=NOW + 9)
    with pytest.raises(InvalidRequest, match="failed"):
        kept.eval_runs.cancel("eval_1", RUN, now=NOW)
    assert kept.eval_runs.claim(60, NOW + 999) is None


def test_a_canceled_run_takes_no_more_items(kept):
    kept.eval_runs.claim(60, NOW)
    kept.eval_runs.add(RUN, 1, Outcome([eval_item(RUN, 0)], {}))
    assert kept.eval_runs.cancel("eval_1", RUN, now=NOW + 1).status is RunStatus.CANCELED
    with pytest.raises(LeaseLost):
        kept.eval_runs.add(RUN, 1, Outcome([eval_item(RUN, 1)], {}))
    assert kept.eval_items.places(RUN) == {0}


def test_runs_are_listed_by_status(kept):
    kept.eval_runs.insert(eval_run("evalrun_2", "eval_1"))
    kept.eval_runs.claim(60, NOW)
    assert [run.id for run in kept.eval_runs.page("eval_1").items] == [RUN, "evalrun_2"]
    assert [run.id for run in kept.eval_runs.page("eval_1", status=RunStatus.QUEUED).items] == ["evalrun_2"]
    assert [run.id for run in kept.eval_runs.page("eval_1", descending=True, limit=1).items] == ["evalrun_2"]


def test_a_file_is_kept_while_a_run_reads_it(kept):
    kept.files.insert(file("file-1"))
    kept.eval_runs.insert(eval_run("evalrun_2", "eval_1", file_id="file-1"))
    with pytest.raises(InvalidRequest, match="evalrun_2"):
        kept.files.delete("file-1")
    kept.eval_runs.cancel("eval_1", "evalrun_2", now=NOW)
    assert kept.files.delete("file-1")
