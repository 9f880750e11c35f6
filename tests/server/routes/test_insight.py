from pathlib import Path

import pytest

from burnish.core.records import NewEvent
from burnish.spec.job import JobRequest
from tests.door import Door, error_of, opened
from tests.rows import NOW, job, job_body


@pytest.fixture
def door(tmp_path: Path):
    with opened(tmp_path) as door:
        request = JobRequest.model_validate(job_body()).record()
        store = door.state.store
        usage = {"cost": {"total_usd": 1.5}, "seconds": {"total": 12.0}}
        store.jobs.insert(job("ftjob-a", request=request, suffix="mine", usage_metrics=usage), NewEvent("created"))
        steps = [
            {"step": step, "total_steps": 5, "scores": {"train_reward_mean": step / 10, "graders": []}}
            for step in range(1, 5)
        ]
        steps[3]["scores"]["valid_reward_mean"] = 0.75
        store.events.append("ftjob-a", [NewEvent("step", type="metrics", data=data) for data in steps], now=NOW)
        yield door


def test_a_summary_says_how_far_a_job_is_and_how_well(door: Door):
    answer = door.http.get("/v1/burnish/jobs").json()
    assert (answer["first_id"], answer["has_more"]) == ("ftjob-a", False)
    found = answer["data"][0]
    assert (found["step"], found["total_steps"], found["train_reward"], found["valid_reward"]) == (4, 5, 0.4, 0.75)
    assert found["curve"] == [[1, 0.1], [2, 0.2], [3, 0.3], [4, 0.4]]
    assert (found["cost_usd"], found["seconds"], found["method"]) == (1.5, 12.0, "reinforcement")


def test_an_unknown_status_is_refused(door: Door):
    assert error_of(door.http.get("/v1/burnish/jobs?status=lost")) == (400, "status", "invalid_value")


def test_curves_are_thinned_and_go_on_after_an_event(door: Door):
    whole = door.http.get("/v1/burnish/jobs/ftjob-a/series?points=2").json()
    assert whole["series"]["scores/train_reward_mean"] == [[1, 0.1], [4, 0.4]]
    later = door.http.get(f"/v1/burnish/jobs/ftjob-a/series?after_event={whole['last_event']}").json()
    assert (later["series"], later["last_event"]) == ({}, whole["last_event"])


def test_too_few_points_are_refused(door: Door):
    refused = door.http.get("/v1/burnish/jobs/ftjob-a/series?points=1")
    assert error_of(refused) == (400, "points", "integer_below_min_value")
