import json
from typing import Any

import pytest

from burnish.core.errors import NotFound
from burnish.core.evaluation import Outcome
from burnish.core.records import NewEvent
from burnish.core.rollout import Fault, FaultNote, Grade, Group
from burnish.evals.criterion import Bar
from burnish.evals.job_items import items_of, judgement
from burnish.evals.linked import evals_of, run_of
from burnish.spec.grader import StringCheckSpec
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.places import rollouts_blob
from burnish.store.store import Store
from burnish.work.transcript import lines
from tests.rows import CRITERION, GRADER, eval_item, eval_run, evaluation, file, job
from tests.work.made import item, rollout, spelt

JOB = job("ftjob-1", eval_id="eval_valid", train_eval_id="eval_train")


def written(*answers: Any) -> list[dict[str, Any]]:
    """What a step writes of its answers, all to the first row of the file."""
    return json.loads(json.dumps(lines(1, [Group(item(), answers)], {answers[0].key: 0.5}, spelt)))


@pytest.fixture
def site(store: Store, blobs: Blobs) -> tuple[Store, Blobs]:
    """A job with two answers of its first step, and the run that shows them."""
    for name in ("file-train", "file-valid"):
        store.files.insert(file(name))
        blobs.put(file_blob(name), b'{"answer": "4"}\n')
    store.jobs.insert(JOB, NewEvent("created"))
    found = written(rollout(1.0), rollout(0.0, sample=1))
    blobs.put(rollouts_blob(JOB.id, 1), "".join(json.dumps(line) + "\n" for line in found).encode())
    made = evals_of(JOB, StringCheckSpec.model_validate(GRADER))[1]
    store.evals.insert(made)
    store.eval_runs.insert(run_of(made, JOB, "local", 1, found, 1.0))
    return store, blobs


def test_a_jobs_items_are_the_answers_of_its_step_with_their_rows(site):
    store, blobs = site
    [run] = store.eval_runs.page("eval_train").items
    first, second = items_of(run, store, blobs)
    assert (first.place, first.row, first.item, first.status) == (0, 0, {"answer": "4"}, "pass")
    assert (second.place, second.status) == (1, "fail")
    assert first.sample["output"] == [{"role": "assistant", "content": "text"}]
    assert (first.sample["advantage"], second.sample["advantage"]) == (0.5, None)
    assert first.sample["usage"] == {
        "prompt_tokens": 2,
        "completion_tokens": 4,
        "total_tokens": 6,
        "cached_tokens": 0,
    }
    assert first.sample["output_ids"] == [10, 11, 12, 13]
    assert first.id != second.id
    assert list(items_of(run, store, blobs, [0])) == [first, second]
    assert list(items_of(run, store, blobs, [1])) == []


def test_answers_that_were_pruned_are_told(site):
    store, blobs = site
    blobs.delete(rollouts_blob(JOB.id, 1))
    [run] = store.eval_runs.page("eval_train").items
    with pytest.raises(NotFound):
        list(items_of(run, store, blobs))


def test_other_items_lie_in_their_table(store, blobs):
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(eval_run("evalrun_1", "eval_1"))
    claimed = store.eval_runs.claim(60, 1.0)
    made = eval_item("evalrun_1", 0)
    store.eval_runs.add("evalrun_1", claimed.attempt, Outcome([made], {}))
    assert list(items_of(claimed, store, blobs)) == [made]


def test_an_answer_that_was_not_graded_does_not_pass():
    [line] = written(rollout(1.0, ungraded=Fault.TRUNCATED))
    found = judgement(line, Bar.of(CRITERION))
    assert (found.status, found.result["passed"], found.result["type"]) == ("fail", False, None)
    assert found.result["errors"][0]["fault"] == "truncated_observation_error"


def test_an_answer_that_a_judge_failed_is_an_error():
    down = Grade("exact", "score_model", None, (FaultNote(Fault.MODEL_SERVER, "503"),))
    [line] = written(rollout(None, grade=down))
    assert judgement(line, Bar.of(CRITERION)).status == "error"


def test_what_a_judge_said_and_the_parts_come_back():
    stars = Grade("stars", "score_model", 1.0, model="judge", said="fine")
    [line] = written(rollout(1.0, grade=Grade("both", "multi", 1.0, parts={"a": stars})))
    result = judgement(line, Bar.of(CRITERION)).result
    assert result["parts"]["a"]["sample"]["output"] == [{"role": "assistant", "content": "fine"}]
