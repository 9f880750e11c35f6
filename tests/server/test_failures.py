import pytest
from pydantic import TypeAdapter, ValidationError

from burnish.server.failures import invalid_request
from burnish.spec.job import JobRequest
from tests.door import Door, error_of
from tests.rows import GRADER, job_body

MULTI = {"type": "multi", "graders": {"a": GRADER, "string_check": GRADER}, "calculate_output": "a"}


def _refusal(body: object) -> tuple[str | None, str | None, str]:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(JobRequest).validate_python(body)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()]
    error = invalid_request(errors, body)
    return error.param, error.code, error.message


def _with(grader: object = GRADER, **reinforcement: object) -> dict[str, object]:
    return job_body(method={"type": "reinforcement", "reinforcement": {"grader": grader, **reinforcement}})


def _hyper(**values: object) -> dict[str, object]:
    return _with(hyperparameters=values)


PREFIX = "method.reinforcement"
HYPER = f"{PREFIX}.hyperparameters"


@pytest.mark.parametrize(
    ("body", "param", "code", "words"),
    [
        (job_body(test_file="f"), "test_file", "unknown_parameter", "Unknown parameter: 'test_file'."),
        (job_body(model=3), "model", "invalid_type", "expected a string, but got an integer"),
        ({**job_body(), "suffix": "x" * 65}, "suffix", "string_above_max_length", "at most 64 characters"),
        (job_body(suffix=""), "suffix", "string_below_min_length", "at least 1 character"),
        (job_body(seed=-1), "seed", "integer_below_min_value", ">= 0, but got -1"),
        (job_body(metadata={"a": 1}), "metadata.a", "invalid_type", "expected a string"),
        (job_body(metadata={"k" * 65: ""}), "metadata", "invalid_value", "at most 64"),
        (job_body(hyperparameters={"n_epochs": 1}), "hyperparameters", "invalid_value", f"'{HYPER}'"),
        (job_body(method={"type": "dpo"}), "method.type", "unsupported_value", "'dpo' is not supported here"),
        (job_body(method={"type": "reinforcement"}), PREFIX, "missing_required_parameter", PREFIX),
        (_hyper(n_epochs=0), f"{HYPER}.n_epochs", "integer_below_min_value", ">= 1, but got 0"),
        (_hyper(n_epochs=51), f"{HYPER}.n_epochs", "integer_above_max_value", "<= 50, but got 51"),
        (_hyper(n_epochs="many"), f"{HYPER}.n_epochs", "invalid_value", "Supported values are: 'auto'"),
        (_hyper(n_epochs=True), f"{HYPER}.n_epochs", "invalid_type", "expected an integer, but got a boolean"),
        (_hyper(compute_multiplier=1e-5), f"{HYPER}.compute_multiplier", "decimal_below_min_value", "> 1e-05"),
        (_hyper(n_epoch=1), f"{HYPER}.n_epoch", "unknown_parameter", "n_epoch"),
        (_with({"type": "magic"}), f"{PREFIX}.grader.type", "invalid_value", "'string_check', 'text_similarity'"),
        (_with({}), f"{PREFIX}.grader.type", "missing_required_parameter", "grader.type"),
        (_with({**GRADER, "operation": "is"}), f"{PREFIX}.grader.operation", "invalid_value", "'eq', 'ne'"),
        (
            _with({**MULTI, "graders": {"string_check": {**GRADER, "input": None}}}),
            f"{PREFIX}.grader.graders.string_check.input",
            "invalid_type",
            "expected a string, but got null",
        ),
        (
            _with({**MULTI, "graders": {"a": {"type": "string_check", "input": "x", "operation": "eq"}}}),
            f"{PREFIX}.grader.graders.a.reference",
            "missing_required_parameter",
            "reference",
        ),
    ],
)
def test_a_slip_is_told_by_its_place_its_rule_and_its_code(body: object, param: str, code: str, words: str):
    found_param, found_code, message = _refusal(body)
    assert (found_param, found_code) == (param, code)
    assert words in message


def test_an_unknown_field_is_told_before_what_it_may_explain():
    body = job_body()
    del body["model"]
    assert _refusal({**body, "modell": "x"})[0] == "modell"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "missing_required_parameter"),
        (b"{", "invalid_json"),
        (b"{'a': 1}", "invalid_json"),
        (b"[]", "invalid_type"),
        (b"null", "invalid_type"),
        (b'"text"', "invalid_type"),
        (b"\xff\xfe", "invalid_json"),
        (b"[" * 100_000, None),
        (b'{"model": "\\ud800"}', "invalid_value"),
        (b'{"model": NaN}', "invalid_value"),
    ],
    ids=["empty", "cut off", "not JSON", "array", "null", "string", "not UTF-8", "deep", "half a pair", "NaN"],
)
def test_a_malformed_body_is_a_400(door: Door, content: bytes, code: str | None):
    answer = door.http.post("/v1/fine_tuning/jobs", content=content, headers={"content-type": "application/json"})
    assert error_of(answer) == (400, None, code)
    assert door.state.store.jobs.page().items == []


def test_unknown_routes_and_methods_are_told_in_the_envelope(door: Door):
    assert error_of(door.http.get("/v1/nowhere")) == (404, None, "unknown_url")
    assert error_of(door.http.get("/nowhere")) == (404, None, "unknown_url")
    assert error_of(door.http.put("/v1/files")) == (405, None, "method_not_supported")


def test_a_query_parameter_is_told_by_its_name(door: Door):
    assert error_of(door.http.get("/v1/files?limit=0")) == (400, "limit", "integer_below_min_value")
    assert error_of(door.http.get("/v1/files?limit=x")) == (400, "limit", "invalid_type")
    assert error_of(door.http.get("/v1/files?order=up")) == (400, "order", "invalid_value")
