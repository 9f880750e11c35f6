import pytest

from tests.door import Door, error_of
from tests.rows import eval_run, evaluation

PATH = "/v1/evals/eval_1/runs"
CONTENT = {"type": "file_content", "content": [{"item": {"answer": "4"}}] * 3}
ASKED = {"type": "item_reference", "item_reference": "item.answer"}


@pytest.fixture(autouse=True)
def made(door: Door) -> None:
    door.state.store.evals.insert(evaluation("eval_1"))


def test_a_new_run_says_how_many_items_there_will_be(door: Door):
    body = {"type": "completions", "model": "burnish-starter", "source": CONTENT, "input_messages": ASKED, "samples": 2}
    answer = door.http.post(PATH, json={"data_source": body, "metadata": {"a": "b"}})
    run = answer.json()
    assert (answer.status_code, run["status"], run["name"], run["model"]) == (
        201,
        "queued",
        "Unnamed run",
        "burnish-starter",
    )
    assert (run["result_counts"]["total"], run["metadata"]) == (6, {"a": "b"})
    assert run["data_source"] == body | {"best_of": 1}


def test_stored_answers_have_no_model(door: Door):
    run = door.http.post(PATH, json={"data_source": {"type": "jsonl", "source": CONTENT}}).json()
    assert (run["model"], run["result_counts"]["total"]) == (None, 3)


@pytest.mark.parametrize("path", ["", "/cancel"])
def test_a_run_is_canceled_once(door: Door, path: str):
    door.state.store.eval_runs.insert(eval_run("evalrun_1", "eval_1"))
    assert door.http.post(f"{PATH}/evalrun_1{path}").json()["status"] == "canceled"
    status, param, code = error_of(door.http.post(f"{PATH}/evalrun_1{path}"))
    assert (status, param, code) == (400, "run_id", "invalid_status")


def test_runs_are_listed_by_status(door: Door):
    for number in range(3):
        door.state.store.eval_runs.insert(eval_run(f"evalrun_{number}", "eval_1"))
    door.http.post(f"{PATH}/evalrun_1")
    found = door.http.get(PATH, params={"status": "queued", "order": "desc"}).json()
    assert [run["id"] for run in found["data"]] == ["evalrun_2", "evalrun_0"]
    assert error_of(door.http.get(PATH, params={"status": "cancelled"}))[:2] == (400, "status")


def test_a_run_of_another_eval_is_not_here(door: Door):
    door.state.store.evals.insert(evaluation("eval_2"))
    door.state.store.eval_runs.insert(eval_run("evalrun_1", "eval_2"))
    for answer in (door.http.get(f"{PATH}/evalrun_1"), door.http.delete(f"{PATH}/evalrun_1")):
        assert error_of(answer) == (404, "run_id", "eval_run_not_found")
