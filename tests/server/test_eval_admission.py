from typing import Any

import pytest

from tests.door import Door, error_of
from tests.rows import GRADER, SCHEMA

CONFIG = {"type": "custom", "item_schema": SCHEMA, "include_sample_schema": True}
CONTENT = {"type": "file_content", "content": [{"item": {"answer": "4"}}]}
ASKED = {"type": "item_reference", "item_reference": "item.answer"}
JUDGE = {"type": "score_model", "name": "j", "model": "judge", "input": [{"role": "user", "content": "rate"}]}
MODEL = "burnish-starter"


def refused(door: Door, **changes: Any) -> tuple[int, str | None, str | None]:
    body = {"data_source_config": CONFIG, "testing_criteria": [GRADER]} | changes
    return error_of(door.http.post("/v1/evals", json=body))


def refused_run(door: Door, data_source: dict[str, Any], config: dict[str, Any] = CONFIG) -> Any:
    made = {"data_source_config": config, "testing_criteria": [{**GRADER, "reference": "4"}]}
    eval_id = door.http.post("/v1/evals", json=made).json()["id"]
    return error_of(door.http.post(f"/v1/evals/{eval_id}/runs", json={"data_source": data_source}))


def multi(child: dict[str, Any]) -> dict[str, Any]:
    return {"type": "multi", "name": "m", "graders": {"a": child}, "calculate_output": "a"}


@pytest.mark.parametrize(
    ("criterion", "param", "code"),
    [
        ({**GRADER, "reference": "{{item.anser}}"}, "testing_criteria[0].reference", "invalid_variable_error"),
        ({**JUDGE, "model": "gpt-9"}, "testing_criteria[0].model", "model_not_found"),
        (multi({**JUDGE, "model": "gpt-9"}), "testing_criteria[0].graders.a.model", "model_not_found"),
    ],
)
def test_a_criterion_that_would_fail_for_every_item_is_refused(door: Door, criterion, param, code):
    assert refused(door, testing_criteria=[criterion]) == (400, param, code)


def test_a_criterion_may_refer_to_answers_where_there_are_any(door: Door):
    config = {"type": "custom", "item_schema": SCHEMA}
    assert refused(door, data_source_config=config) == (400, "testing_criteria[0].input", "invalid_variable_error")
    stored = {"data_source_config": {"type": "logs"}, "testing_criteria": [{**GRADER, "reference": "{{item.x}}"}]}
    assert door.http.post("/v1/evals", json=stored).status_code == 201


def test_a_schema_that_is_none_is_refused(door: Door):
    config = {"type": "custom", "item_schema": {"type": "objekt"}}
    found = refused(door, data_source_config=config)
    assert found == (400, "data_source_config.item_schema", "invalid_json_schema")


@pytest.mark.parametrize(
    ("data_source", "param"),
    [
        ({"type": "completions", "source": CONTENT}, "data_source.model"),
        ({"type": "completions", "source": CONTENT, "model": MODEL}, "data_source.input_messages"),
        ({"type": "responses", "source": {"type": "responses"}, "input_messages": ASKED}, "data_source.model"),
    ],
)
def test_a_run_that_samples_says_what_is_asked_and_who_answers(door: Door, data_source, param):
    assert refused_run(door, data_source) == (400, param, "missing_required_parameter")


@pytest.mark.parametrize(
    ("messages", "where"),
    [
        ({"type": "item_reference", "item_reference": "item.anser"}, "item_reference"),
        ({"type": "item_reference", "item_reference": "sample.output_text"}, "item_reference"),
        ({"type": "template", "template": [{"role": "user", "content": "{{item.anser}}"}]}, "template[0].content"),
    ],
)
def test_what_is_asked_refers_to_what_items_have(door: Door, messages, where):
    source = {"type": "completions", "source": CONTENT, "model": MODEL, "input_messages": messages}
    found = refused_run(door, source)
    assert found == (400, f"data_source.input_messages.{where}", "invalid_variable_error")


def schema(of: dict[str, Any]) -> dict[str, Any]:
    return {"name": "a", "schema": of, "strict": True}


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("completions", {"response_format": {"type": "json_schema", "json_schema": schema({"type": "objekt"})}}),
        ("responses", {"text": {"format": {"type": "json_schema", **schema({"type": "objekt"})}}}),
    ],
)
def test_a_format_that_no_answer_can_have_is_refused(door: Door, kind, params):
    source = {"type": kind, "source": CONTENT, "model": MODEL, "input_messages": ASKED, "sampling_params": params}
    status, param, _ = refused_run(door, source)
    assert (status, param.startswith("data_source.sampling_params.response_format")) == (400, True)


def test_rows_in_the_request_are_items(door: Door):
    bad = {"type": "file_content", "content": [{"item": {"answer": "4"}}, {"item": {"answer": 4}}]}
    found = refused_run(door, {"type": "jsonl", "source": bad})
    assert found == (400, "data_source.source.content[1].item", "invalid_eval_item")


def test_a_file_or_run_that_is_not_there_is_refused(door: Door):
    found = refused_run(door, {"type": "jsonl", "source": {"type": "file_id", "id": "file-x"}})
    assert found == (400, "data_source.source.id", "file_not_found")
    found = refused_run(door, {"type": "jsonl", "source": {"type": "eval_run", "id": "evalrun_x"}})
    assert (found[0], found[2]) == (404, "eval_run_not_found")


def test_criteria_get_ids_that_begin_with_their_names(door: Door):
    body = {"data_source_config": CONFIG, "testing_criteria": [GRADER, {**GRADER, "name": "second"}]}
    found = door.http.post("/v1/evals", json=body).json()["testing_criteria"]
    assert [each["id"].rsplit("-", 5)[0] for each in found] == ["exact", "second"]
    assert found[0]["id"] != found[1]["id"]
