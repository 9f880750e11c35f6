import pytest

from burnish.core.evaluation import Outcome
from tests.door import Door, error_of
from tests.rows import NOW, eval_item, eval_run, evaluation

PATH = "/v1/evals/eval_1/runs/evalrun_1/output_items"


@pytest.fixture(autouse=True)
def made(door: Door) -> None:
    """A run with three items; the middle one failed."""
    store = door.state.store
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(eval_run("evalrun_1", "eval_1"))
    claimed = store.eval_runs.claim(60, NOW)
    items = [eval_item("evalrun_1", place, passed=place != 1) for place in range(3)]
    store.eval_runs.add("evalrun_1", claimed.attempt, Outcome(items, {}))


def test_items_are_listed_by_what_came_of_them(door: Door):
    page = door.http.get(PATH, params={"status": "pass", "limit": 1}).json()
    assert ([each["datasource_item_id"] for each in page["data"]], page["has_more"]) == ([0], True)
    page = door.http.get(PATH, params={"status": "fail"}).json()
    assert [each["datasource_item_id"] for each in page["data"]] == [1]
    assert error_of(door.http.get(PATH, params={"status": "passed"}))[:2] == (400, "status")


def test_one_item_is_shown(door: Door):
    shown = door.http.get(f"{PATH}/outputitem_evalrun_1_2").json()
    assert (shown["id"], shown["eval_id"], shown["status"]) == ("outputitem_evalrun_1_2", "eval_1", "pass")
    assert error_of(door.http.get(f"{PATH}/outputitem_x")) == (404, "output_item_id", "output_item_not_found")


def test_items_of_a_run_that_is_not_there_are_not_either(door: Door):
    assert error_of(door.http.get(PATH.replace("eval_1/", "eval_2/")))[2] == "eval_run_not_found"
