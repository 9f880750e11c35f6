import pytest

from tests.door import Door, error_of
from tests.rows import CRITERION, GRADER, SCHEMA, eval_run, evaluation

PATH = "/v1/evals"
BODY = {"data_source_config": {"type": "custom", "item_schema": SCHEMA}, "testing_criteria": [GRADER]}
LABEL = {**GRADER, "input": "{{item.answer}}"}


@pytest.mark.parametrize("path", [f"{PATH}/eval_x", f"{PATH}/eval_x/runs", f"{PATH}/eval_x/runs/evalrun_x"])
def test_what_is_not_there_is_a_404(door: Door, path: str):
    status, _, code = error_of(door.http.get(path))
    assert (status, code) == (404, "eval_not_found" if path.count("/") < 5 else "eval_run_not_found")


def test_an_eval_without_a_name_gets_one(door: Door):
    answer = door.http.post(PATH, json={**BODY, "testing_criteria": [LABEL]})
    assert (answer.status_code, answer.json()["name"]) == (201, "Unnamed eval")


def test_a_name_is_changed_and_not_taken_away(door: Door):
    door.state.store.evals.insert(evaluation("eval_1", metadata={"a": "b"}))
    assert door.http.post(f"{PATH}/eval_1", json={"name": None}).json()["name"] == "sums"
    changed = door.http.post(f"{PATH}/eval_1", json={"name": "more", "metadata": None}).json()
    assert (changed["name"], changed["metadata"]) == ("more", {})
    assert error_of(door.http.post(f"{PATH}/eval_1", json={"name": ""}))[:2] == (400, "name")


def test_evals_are_listed_from_either_end(door: Door):
    for number in range(3):
        door.state.store.evals.insert(evaluation(f"eval_{number}", testing_criteria=(CRITERION,)))
    page = door.http.get(PATH, params={"limit": 2}).json()
    assert ([each["id"] for each in page["data"]], page["has_more"]) == (["eval_0", "eval_1"], True)
    assert (page["first_id"], page["last_id"]) == ("eval_0", "eval_1")
    page = door.http.get(PATH, params={"order": "desc", "after": "eval_1"}).json()
    assert [each["id"] for each in page["data"]] == ["eval_0"]
    assert error_of(door.http.get(PATH, params={"order_by": "name"}))[:2] == (400, "order_by")


def test_a_forgotten_eval_takes_its_runs_along(door: Door):
    door.state.store.evals.insert(evaluation("eval_1"))
    door.state.store.eval_runs.insert(eval_run("evalrun_1", "eval_1"))
    assert door.http.delete(f"{PATH}/eval_1").json() == {
        "object": "eval.deleted",
        "deleted": True,
        "eval_id": "eval_1",
    }
    assert door.http.get(f"{PATH}/eval_1/runs/evalrun_1").status_code == 404
