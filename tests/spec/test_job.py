import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from burnish.spec.job import Hyperparameters, JobRequest, ResponseFormat, ResumeRequest
from tests.rows import GRADER, job_body

GUIDE = json.loads((Path(__file__).parents[1] / "contract" / "guides_job.json").read_text())
SCHEMA = {"type": "object", "properties": {"a": {"enum": [None, 1]}}}


def _errors(body: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        JobRequest.model_validate(body)
    return [error["type"] for error in refused.value.errors()]


def _reinforcement(**parts: Any) -> dict[str, Any]:
    return job_body(method={"type": "reinforcement", "reinforcement": {"grader": GRADER, **parts}})


def _hyper(**values: Any) -> dict[str, Any]:
    return _reinforcement(hyperparameters=values)


@pytest.mark.parametrize("body", [GUIDE, job_body(), _reinforcement(response_format={"type": "text"})])
def test_a_stored_request_is_read_back_as_it_was(body: dict[str, Any]):
    request = JobRequest.model_validate(body)
    assert JobRequest.model_validate(json.loads(json.dumps(request.record()))) == request


def test_what_is_left_out_or_null_is_auto():
    everything_null = dict.fromkeys(Hyperparameters.model_fields)
    for body in (_reinforcement(), _reinforcement(hyperparameters=None), _hyper(**everything_null)):
        hyper = JobRequest.model_validate(body).reinforcement.hyperparameters
        assert hyper == Hyperparameters()
        assert hyper.model_dump() == dict.fromkeys(Hyperparameters.model_fields, "auto") | {
            "reasoning_effort": "default"
        }


@pytest.mark.parametrize(
    ("name", "lowest", "highest", "wrong"),
    [
        ("n_epochs", 1, 50, [0, 51, 1.5, 3.0, True, "3", []]),
        ("batch_size", 1, 256, [0, 257, "all", False]),
        ("learning_rate_multiplier", 1e-9, 1e9, [0, -1, True, "1", float("inf"), float("nan")]),
        ("compute_multiplier", 1.1e-5, 10, [1e-5, 0, 10.1, True]),
        ("eval_interval", 1, 10**9, [0, -1, 2.5]),
        ("eval_samples", 1, 10**9, [0, "four"]),
    ],
)
def test_hyperparameters_keep_to_openais_ranges(name: str, lowest: float, highest: float, wrong: list[Any]):
    for value in (lowest, highest, "auto"):
        assert getattr(JobRequest.model_validate(_hyper(**{name: value})).reinforcement.hyperparameters, name) == value
    for value in wrong:
        assert len(_errors(_hyper(**{name: value}))) == 1, f"{value!r} must be one error"


def test_efforts_are_a_closed_list():
    for effort in ("default", "none", "minimal", "low", "medium", "high"):
        hyper = JobRequest.model_validate(_hyper(reasoning_effort=effort)).reinforcement.hyperparameters
        assert hyper.reasoning_effort == effort
    assert _errors(_hyper(reasoning_effort="extreme")) == ["literal_error"]


def test_both_shapes_of_a_response_format_are_one():
    chat = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}
    flat = {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}
    assert ResponseFormat.model_validate(chat) == ResponseFormat.model_validate(flat)
    for shape in (chat, flat):
        assert JobRequest.model_validate(_reinforcement(response_format=shape)).reinforcement.response_schema == SCHEMA


def test_free_text_has_no_schema():
    for shape in ({"type": "text"}, None):
        assert JobRequest.model_validate(_reinforcement(response_format=shape)).reinforcement.response_schema is None


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "json_object"},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {"name": "n"}},
        {"type": "json_schema", "json_schema": {"name": "has space", "schema": {}}},
        {"type": "json_schema", "json_schema": {"name": "n", "schema": "{}"}},
        {"json_schema": {"name": "n", "schema": {}}},
    ],
)
def test_other_response_formats_are_refused(shape: dict[str, Any]):
    assert len(_errors(_reinforcement(response_format=shape))) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"method": {"type": "supervised", "supervised": {}}},
        {"method": {"type": "dpo"}},
        {"method": {"type": "reinforcement"}},
        {"hyperparameters": {"n_epochs": 1}},
        {"suffix": ""},
        {"suffix": "x" * 65},
        {"seed": -1},
        {"seed": 2**31},
        {"seed": 1.0},
        {"model": ""},
        {"metadata": {f"k{number}": "" for number in range(17)}},
        {"metadata": {"k" * 65: ""}},
        {"metadata": {"k": "v" * 513}},
        {"metadata": {"k": 1}},
        {"integrations": [{"type": "mlflow"}]},
        {"integrations": [{"type": "wandb"}]},
        {"test_file": "file-x"},
    ],
)
def test_everything_else_that_openai_refuses_is_refused(changes: dict[str, Any]):
    assert _errors(job_body(**changes))


def test_what_openai_takes_is_taken():
    request = JobRequest.model_validate(
        job_body(
            suffix="x" * 64,
            seed=2**31 - 1,
            metadata={"k" * 64: "v" * 512} | {f"k{number}": "" for number in range(15)},
            integrations=[{"type": "wandb", "wandb": {"project": "p", "tags": ["a"]}}],
            hyperparameters=None,
            validation_file=None,
        )
    )
    assert request.seed == 2**31 - 1
    assert request.integrations is not None
    assert request.integrations[0].wandb.tags == ("a",)


def test_a_resume_takes_budgets_and_nothing_else():
    body = {"metadata": {"burnish_budget_tokens": "5", "burnish_budget_usd": None}}
    assert ResumeRequest.model_validate(body).metadata == body["metadata"]
    assert ResumeRequest.model_validate({}).metadata is None
    with pytest.raises(ValidationError, match="'team' cannot be changed"):
        ResumeRequest.model_validate({"metadata": {"team": "security"}})
