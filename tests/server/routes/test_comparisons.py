from typing import Any

import pytest

from burnish.core.evaluation import Outcome
from tests.door import Door, error_of
from tests.rows import NOW, eval_item, eval_run, evaluation

PATH = "/v1/evals/eval_1/compare"


@pytest.fixture(autouse=True)
def made(door: Door) -> None:
    """Two runs over three rows: the first passes one of them, the second all."""
    store = door.state.store
    store.evals.insert(evaluation("eval_1"))
    for run_id, least in (("evalrun_1", 2), ("evalrun_2", 0)):
        store.eval_runs.insert(eval_run(run_id, "eval_1"))
        claimed = store.eval_runs.claim(60, NOW)
        items = [eval_item(run_id, place, passed=place >= least, item={"topic": "a"}) for place in range(3)]
        store.eval_runs.add(run_id, claimed.attempt, Outcome(items, {}))


def asked(door: Door, *runs: str, **params: Any) -> Any:
    query = [("run_id", run) for run in runs] + list(params.items())
    return door.http.get(PATH, params=query)


def test_runs_stand_side_by_side(door: Door):
    report = asked(door, "evalrun_1", "evalrun_2", slice="item.topic", criterion="exact-1").json()
    assert [run["score"]["mean"] for run in report["runs"]] == [pytest.approx(1 / 3), 1.0]
    [difference] = report["differences"]
    assert (difference["wins"], difference["losses"], difference["decisions"]["now_pass"]) == (2, 0, 2)
    assert difference["slices"][0]["rows"] == 3
    assert len(difference["changed"]) == 2


def test_lists_are_taken_as_the_official_client_writes_them(door: Door):
    params = {"run_id": ["evalrun_1", "evalrun_2"], "slice": ["item.topic"]}
    report = door.client.get("/evals/eval_1/compare", cast_to=dict[str, Any], options={"params": params})
    assert [run["run_id"] for run in report["runs"]] == params["run_id"]
    assert report["differences"][0]["slices"][0]["field"] == "item.topic"


def test_one_run_stands_alone(door: Door):
    assert asked(door, "evalrun_1").json()["differences"] == []


@pytest.mark.parametrize(
    ("runs", "params", "found"),
    [
        ([], {}, (400, "run_id", "missing_required_parameter")),
        (["evalrun_1"] * 17, {}, (400, "run_id", "invalid_value")),
        (["evalrun_9"], {}, (404, "run_id", "eval_run_not_found")),
        (["evalrun_1"], {"slice": "sample.output_text"}, (400, "slice", "invalid_value")),
        (["evalrun_1"], {"slice": "item.{"}, (400, "slice", "invalid_value")),
        (["evalrun_1"], {"criterion": "other"}, (400, "criterion", "invalid_value")),
        (["evalrun_1"], {"changed": -1}, (400, "changed", "integer_below_min_value")),
    ],
)
def test_what_cannot_be_compared_is_refused(door: Door, runs, params, found):
    assert error_of(asked(door, *runs, **params)) == found
