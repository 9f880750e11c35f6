from burnish.core.evaluation import Tally
from tests.door import Door, error_of
from tests.rows import eval_run, evaluation

PATH = "/v1/burnish/evals"


def test_a_summary_says_how_the_last_run_went(door: Door):
    store = door.state.store
    store.evals.insert(evaluation("eval_a"))
    store.eval_runs.insert(eval_run("evalrun_a", "eval_a", tally=Tally(4, passed=1, failed=3)))
    answer = door.http.get(PATH).json()
    assert (answer["first_id"], answer["has_more"]) == ("eval_a", False)
    [found] = answer["data"]
    assert door.http.get(f"{PATH}/eval_a").json() == found
    last = found.pop("last_run")
    assert (last["id"], last["result_counts"]["passed"], "data_source" in last) == ("evalrun_a", 1, False)
    assert found == {
        "object": "burnish.eval_summary",
        "id": "eval_a",
        "name": "sums",
        "created_at": found["created_at"],
        "criteria": ["exact-1"],
        "fine_tuning_job_id": None,
        "job_name": None,
        "phase": None,
        "runs": 1,
        "curve": [[1, 0.25]],
    }


def test_runs_come_newest_first_without_their_rows(door: Door):
    store = door.state.store
    store.evals.insert(evaluation("eval_a"))
    for number in range(3):
        store.eval_runs.insert(eval_run(f"evalrun_{number}", "eval_a"))
    page = door.http.get(f"{PATH}/eval_a/runs?limit=2").json()
    assert ([each["id"] for each in page["data"]], page["has_more"]) == (["evalrun_2", "evalrun_1"], True)
    whole = door.http.get("/v1/evals/eval_a/runs/evalrun_2").json()
    assert whole.pop("data_source") is not None
    assert page["data"][0] == whole
    assert error_of(door.http.get(f"{PATH}/eval_x/runs"))[0] == error_of(door.http.get(f"{PATH}/eval_x"))[0] == 404


def test_what_is_asked_for_wrongly_is_refused(door: Door):
    assert error_of(door.http.get(f"{PATH}?origin=heaven"))[:2] == (400, "origin")
    assert error_of(door.http.get(f"{PATH}?points=1"))[:2] == (400, "points")
    assert error_of(door.http.get(f"{PATH}?after=eval_x"))[:2] == (400, "after")
