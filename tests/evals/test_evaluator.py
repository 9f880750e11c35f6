import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish.core.evaluation import EvalRun, RunStatus, Tally
from burnish.evals import evaluator
from burnish.settings import Settings
from burnish.store.store import Store, open_store
from tests.evals.evaluating import evaluating
from tests.rows import eval_run, evaluation

MANY = [{"item": {"answer": "4"}, "sample": {"output_text": str(n % 5)}} for n in range(500)]
SLOW = "import time\ndef grade(sample, item):\n    time.sleep(0.02)\n    return 1.0"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def kept(settings: Settings) -> Iterator[Store]:
    store = open_store(settings)
    store.evals.insert(evaluation("eval_1"))
    yield store
    store.close()


def source(content: Any) -> dict[str, Any]:
    return {"type": "jsonl", "source": {"type": "file_content", "content": content}}


def until(store: Store, run_id: str, wanted: Any) -> EvalRun:
    """The run, once it is as wanted."""
    deadline = time.monotonic() + 60
    while not wanted(run := store.eval_runs.require(run_id)):
        assert time.monotonic() < deadline, run
        time.sleep(0.02)
    return run


def test_more_runs_than_it_does_at_a_time_are_all_done(settings, kept):
    names = [f"evalrun_{number}" for number in range(evaluator.RUNS + 3)]
    for name in names:
        kept.eval_runs.insert(eval_run(name, "eval_1"))
    with evaluating(settings):
        runs = [until(kept, name, lambda run: run.status.is_final) for name in names]
    assert {(run.status, run.tally, run.attempt) for run in runs} == {(RunStatus.COMPLETED, Tally(1, passed=1), 1)}


def test_a_run_that_cannot_be_carried_out_fails_and_says_why(settings, kept):
    bad = {"type": "jsonl", "source": {"type": "file_id", "id": "file-gone"}}
    kept.eval_runs.insert(eval_run("evalrun_1", "eval_1", data_source=bad))
    kept.eval_runs.insert(eval_run("evalrun_2", "eval_1", data_source={"type": "magic"}))
    with evaluating(settings):
        first = until(kept, "evalrun_1", lambda run: run.status.is_final)
        second = until(kept, "evalrun_2", lambda run: run.status.is_final)
    assert (first.status, second.status) == (RunStatus.FAILED, RunStatus.FAILED)
    assert "file-gone" in first.error.message
    assert (second.error.code, "ValidationError" in second.error.message) == ("server_error", True)


def test_a_run_that_is_stopped_goes_on_with_the_next_evaluator(settings, kept):
    criterion = {"type": "python", "name": "slow", "source": SLOW, "id": "slow-1"}
    kept.evals.insert(evaluation("eval_2", testing_criteria=(criterion,)))
    kept.eval_runs.insert(eval_run("evalrun_1", "eval_2", data_source=source(MANY)))
    with evaluating(settings):
        until(kept, "evalrun_1", lambda run: run.tally.passed > 0)
    stopped = kept.eval_runs.require("evalrun_1")
    assert (stopped.status, stopped.tally.passed < 500) == (RunStatus.IN_PROGRESS, True)
    with evaluating(settings):
        ended = until(kept, "evalrun_1", lambda run: run.status.is_final)
    assert (ended.status, ended.attempt, ended.tally) == (RunStatus.COMPLETED, 2, Tally(500, passed=500))
    assert [item.place for item in kept.eval_items.walk("evalrun_1")] == list(range(500))


def test_a_canceled_run_keeps_what_is_done(settings, kept):
    criterion = {"type": "python", "name": "slow", "source": SLOW, "id": "slow-1"}
    kept.evals.insert(evaluation("eval_2", testing_criteria=(criterion,)))
    kept.eval_runs.insert(eval_run("evalrun_1", "eval_2", data_source=source(MANY)))
    with evaluating(settings):
        until(kept, "evalrun_1", lambda run: run.tally.passed > 0)
        kept.eval_runs.cancel("eval_2", "evalrun_1", now=time.time())
        kept.eval_runs.insert(eval_run("evalrun_2", "eval_1"))
        until(kept, "evalrun_2", lambda run: run.status.is_final)
    canceled = kept.eval_runs.require("evalrun_1")
    assert (canceled.status, canceled.tally.total) == (RunStatus.CANCELED, 500)
    assert len(list(kept.eval_items.walk("evalrun_1"))) == canceled.tally.passed < 500


def test_the_wait_ends_early_where_it_is_to_stop():
    async def wait() -> float:
        stopping, began = asyncio.Event(), time.monotonic()
        stopping.set()
        await evaluator._wait(stopping, 60)
        return time.monotonic() - began

    assert asyncio.run(wait()) < 30
