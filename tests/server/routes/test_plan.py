from typing import Any

from tests.door import TRAIN, VALID, Door, error_of


def _plan(door: Door, **changes: Any) -> Any:
    body = {"model": "burnish-starter", "training_file": door.upload(TRAIN), "validation_file": door.upload(VALID)}
    return door.http.post("/v1/burnish/plan", json=body | changes)


def test_auto_is_resolved_as_the_job_will(door: Door):
    found = _plan(door, hyperparameters={"n_epochs": 2}).json()
    assert (found["train_rows"], found["valid_rows"], found["total_steps"]) == (12, 4, 4)
    assert found["hyperparameters"] == {
        "n_epochs": 2,
        "batch_size": 8,
        "learning_rate_multiplier": 1.0,
        "compute_multiplier": 1.0,
        "eval_interval": 1,
        "eval_samples": 4,
        "reasoning_effort": "medium",
    }
    assert (found["training_answers"], found["validation_passes"], found["validation_answers"]) == (192, 5, 80)
    assert found["estimate"] is None


def test_what_no_job_would_take_is_refused_with_its_field(door: Door):
    assert error_of(_plan(door, model="none")) == (400, "model", "model_not_found")
    assert error_of(_plan(door, training_file="file-none"))[:2] == (400, "training_file")
    assert error_of(_plan(door, validation_file=door.upload(b"\n"))) == (400, "validation_file", "invalid_value")
    assert error_of(_plan(door, hyperparameters={"n_epochs": 0}))[1] == "hyperparameters.n_epochs"
