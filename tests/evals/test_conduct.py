import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest, LeaseLost
from burnish.core.evaluation import EvalItem, EvalRun, RunStatus, Tally
from burnish.evals import conduct
from burnish.evals.conduct import DATA_SOURCE, OUTAGE, Conduct
from burnish.evals.criterion import Criterion
from burnish.evals.rows import Source
from burnish.grade.tools import Tools
from burnish.store.blobs import Blobs
from burnish.store.store import Store
from tests.fakes import FakeChat, answer
from tests.rows import NOW, eval_run, evaluation

RUN = "evalrun_1"
ASKED = {"type": "template", "template": [{"role": "user", "content": "{{item.q}}"}]}


def jsonl(*texts: str) -> dict[str, Any]:
    """Stored answers to rows whose answer is 4."""
    content = [{"item": {"answer": "4"}, "sample": {"output_text": text}} for text in texts]
    return {"type": "jsonl", "source": {"type": "file_content", "content": content}}


def completions(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Rows that the model `tiny` is asked about."""
    source = {"type": "file_content", "content": [{"item": {"answer": "4", **item}} for item in items]}
    return {"type": "completions", "model": "tiny", "source": source, "input_messages": ASKED, **changes}


def begun(store: Store, data_source: dict[str, Any]) -> EvalRun:
    """A run that is claimed."""
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(eval_run(RUN, "eval_1", data_source=data_source, model=data_source.get("model")))
    claimed = store.eval_runs.claim(60, NOW)
    assert claimed is not None
    return claimed


def carried_out(store: Store, blobs: Blobs, run: EvalRun, answers: Sequence[Any] = ()) -> FakeChat:
    """Carry a run out; the chat that was asked, four questions at a time."""
    chat = FakeChat(answers)

    async def carry_out() -> None:
        made = store.evals.require(run.eval_id)
        await Conduct(
            run=run,
            made=made,
            source=Source(run, DATA_SOURCE.validate_python(run.data_source), store, blobs),
            criteria=tuple(Criterion.of(stored, Tools()) for stored in made.testing_criteria),
            chat=chat,
            store=store,
            slots=asyncio.Semaphore(4),
        ).carry_out()

    asyncio.run(carry_out())
    return chat


def items(store: Store) -> list[EvalItem]:
    return list(store.eval_items.walk(RUN))


def test_every_row_becomes_an_item_and_is_counted(store, blobs):
    carried_out(store, blobs, begun(store, jsonl("4", "5", "4")))
    assert [(item.row, item.status) for item in items(store)] == [(0, "pass"), (1, "fail"), (2, "pass")]
    run = store.eval_runs.require(RUN)
    assert (run.tally, run.status) == (Tally(3, passed=2, failed=1), RunStatus.IN_PROGRESS)


def test_what_is_done_is_not_done_again(store, blobs):
    run = begun(store, completions(*[{"q": str(n)} for n in range(6)]))
    assert len(carried_out(store, blobs, run, [answer("4")]).requests) == 6
    before = items(store)
    assert carried_out(store, blobs, run, [answer("5")]).requests == []
    assert items(store) == before
    assert store.eval_runs.require(RUN).tally.passed == 6


def test_a_run_goes_on_in_the_middle(store, blobs, monkeypatch):
    monkeypatch.setattr(conduct, "COMMIT_ITEMS", 2)
    run = begun(store, completions(*[{"q": str(n)} for n in range(12)]))
    with pytest.raises(RuntimeError, match="power cut"):
        carried_out(store, blobs, run, [answer("4")] * 7 + [RuntimeError("power cut")])
    done = len(items(store))
    assert 0 < done <= 7
    assert len(carried_out(store, blobs, run, [answer("4")]).requests) == 12 - done
    assert [item.place for item in items(store)] == list(range(12))
    assert store.eval_runs.require(RUN).usage["tiny"].invocations == 12


def test_no_more_is_asked_at_a_time_than_there_are_places(store, blobs):
    chat = carried_out(store, blobs, begun(store, completions(*[{"q": "x"}] * 40)), [answer("4")])
    assert chat.at_once <= 4


def test_rows_answered_more_than_once_are_items_of_their_own(store, blobs):
    run = begun(store, completions({"q": "a"}, {"q": "b"}, samples=2))
    chat = carried_out(store, blobs, run, [answer("4")])
    assert [(item.place, item.row) for item in items(store)] == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert sorted(request.seed for request in chat.requests) == [42, 42, 43, 43]


def test_the_best_of_some_answers_is_the_items_and_took_as_long_as_all(store, blobs, monkeypatch):
    clock = itertools.count(0, 2)
    monkeypatch.setattr(conduct.time, "perf_counter", lambda: next(clock))
    run = begun(store, completions({"q": "a"}, best_of=3))
    chat = carried_out(store, blobs, run, [answer("5"), answer("4"), answer("6")])
    [item] = items(store)
    assert (item.status, item.sample["output"][0]["content"], len(chat.requests)) == ("pass", "4", 3)
    assert item.sample["seconds"] == 6


def test_a_row_that_cannot_be_asked_about_is_an_error_of_its_own(store, blobs):
    run = begun(store, completions({"q": "a"}, {}))
    carried_out(store, blobs, run, [answer("4")])
    first, second = items(store)
    assert (first.status, second.status, second.results) == ("pass", "error", [])
    assert second.sample["error"]["code"] == "invalid_variable_error"


def test_a_model_that_refuses_a_question_makes_an_error(store, blobs):
    run = begun(store, completions({"q": "a"}, {"q": "b"}))
    carried_out(store, blobs, run, [InvalidRequest("too long", code="context_length_exceeded"), answer("4")])
    assert sorted(item.status for item in items(store)) == ["error", "pass"]
    [failed] = [item for item in items(store) if item.status == "error"]
    assert failed.sample["error"] == {"code": "context_length_exceeded", "message": "too long"}


def test_a_model_that_is_away_is_asked_no_more(store, blobs):
    run = begun(store, completions(*[{"q": "x"}] * 99))
    chat = carried_out(store, blobs, run, [GraderUnavailable("connection refused")])
    assert OUTAGE <= len(chat.requests) < OUTAGE + 4
    assert {item.sample["error"]["code"] for item in items(store)} == {"model_unavailable"}
    assert store.eval_runs.require(RUN).tally == Tally(99, errored=99)


def test_a_row_that_is_no_item_stops_the_run_before_a_model_is_asked(store, blobs):
    run = begun(store, completions({"q": "a"}, {"answer": 4}))
    with pytest.raises(InvalidRequest, match=r"Row 1 .*item\.answer: 4 is not of type"):
        carried_out(store, blobs, run)
    assert items(store) == []


def test_nothing_is_written_for_a_run_that_was_canceled(store, blobs):
    run = begun(store, jsonl("4"))
    store.eval_runs.cancel("eval_1", RUN, now=NOW)
    with pytest.raises(LeaseLost):
        carried_out(store, blobs, run)
    assert items(store) == []
