import dataclasses
from typing import Any

import pytest

from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.server.auth import Caller
from burnish.server.desk import desk_of
from burnish.server.forecast import Forecast, forecast
from burnish.spec.job import Hyperparameters
from burnish.spec.schedule import schedule
from tests.door import Door, opened
from tests.rows import NOW, job

PLAN = schedule(
    Hyperparameters(n_epochs=2, batch_size=10, eval_interval=1, eval_samples=1), train_rows=10, valid_rows=10
)
"""160 answers to learn from, 3 passes of 10."""
SECONDS = {"sampling": 60.0, "grading": 4.0, "training": 16.0, "evaluation": 3.0, "other": 7.0}
TOKENS = {"train_sampled": 1600, "valid_sampled": 60}


def _ended(door: Door, name: str, step: int = 2, **changes: Any) -> None:
    plan = dataclasses.asdict(PLAN)
    usage = {"seconds": SECONDS, "tokens": TOKENS}
    made = job(name, status=JobStatus.SUCCEEDED, plan=plan, usage_metrics=usage)
    door.state.store.jobs.insert(dataclasses.replace(made, **changes), NewEvent("created"))
    event = NewEvent("step", type="metrics", data={"step": step, "total_steps": 2})
    door.state.store.events.append(name, [event], now=NOW)


def _told(door: Door, model: str = "burnish-starter") -> Forecast | None:
    wanted = schedule(
        Hyperparameters(n_epochs=4, batch_size=10, eval_interval=4, eval_samples=1), train_rows=10, valid_rows=10
    )
    return forecast(desk_of(door.state, Caller("default", is_admin=False)), model, wanted)


def test_nothing_is_told_before_a_job_of_the_base_has_succeeded(door: Door):
    _ended(door, "ftjob-a", status=JobStatus.FAILED)
    _ended(door, "ftjob-b", model="another")
    _ended(door, "ftjob-c", usage_metrics=None)
    _ended(door, "ftjob-d", project="theirs")
    assert _told(door) is None


def test_answers_take_what_they_took_before(door: Door):
    _ended(door, "ftjob-a")
    found = _told(door)
    assert found is not None
    assert found.seconds == pytest.approx(320 * 0.5 + 20 * 0.1 + 7)
    assert (found.tokens, found.usd, found.jobs) == (320 * 10 + 20 * 2, None, ("ftjob-a",))


def test_a_job_that_stopped_half_way_counts_for_what_it_did(door: Door):
    _ended(door, "ftjob-a", step=1)
    found = _told(door)
    assert found is not None
    assert found.tokens == 320 * 20 + 20 * 4


def test_a_machine_with_a_price_costs_something(tmp_path):
    with opened(tmp_path, prices={"machine_hour_usd": 3600.0}) as door:
        _ended(door, "ftjob-a")
        found = _told(door)
        assert found is not None
        assert found.usd == pytest.approx(found.seconds)
