import json

import pytest
from pydantic import TypeAdapter, ValidationError

from burnish.spec.grader import GraderSpec, MultiSpec
from burnish.spec.grading import GraderRun, GraderValidation

EXACT = {"type": "string_check", "input": "", "reference": "", "operation": "eq"}
BAD_FORMULA = {"type": "multi", "graders": {"a": EXACT}, "calculate_output": "a +"}


def test_a_formula_that_is_none_can_be_run_and_is_not_valid():
    run = GraderRun.model_validate({"grader": BAD_FORMULA, "model_sample": ""})
    assert isinstance(run.grader, MultiSpec)
    assert run.grader.calculate_output == "a +"
    with pytest.raises(ValidationError, match="cannot be parsed"):
        GraderValidation.model_validate({"grader": BAD_FORMULA})


@pytest.mark.parametrize("grader", [EXACT, {**BAD_FORMULA, "calculate_output": "a"}])
def test_what_a_job_takes_can_be_run(grader):
    run = GraderRun.model_validate({"grader": grader, "model_sample": ""})
    asked = TypeAdapter[GraderSpec](GraderSpec).validate_python(grader)
    assert run.grader.model_dump() == asked.model_dump()


def test_what_older_and_preview_clients_send_is_taken():
    body = {"grader": EXACT, "model_sample": "a", "reference_answer": {"any": "thing"}, "trace_id": "trace_1"}
    assert GraderRun.model_validate(body).model_sample == "a"


@pytest.mark.parametrize(
    "change",
    [
        {"modle_sample": "a"},
        {"model_sample": {"a": 1}},
        {"item": "row"},
        {"item": {"x": float("nan")}},
        {"grader": None},
    ],
)
def test_anything_else_is_refused(change):
    with pytest.raises(ValidationError):
        GraderRun.model_validate({"grader": EXACT, "model_sample": "a"} | change)


def test_an_item_nested_beyond_what_can_be_written_is_refused():
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ValidationError, match="nested too deeply"):
        GraderRun.model_validate({"grader": EXACT, "model_sample": "a", "item": deep})


def test_the_schema_names_every_kind_of_grader():
    schema = json.dumps(GraderRun.model_json_schema())
    for kind in ("string_check", "text_similarity", "score_model", "label_model", "python", "endpoint", "multi"):
        assert f'"{kind}"' in schema
