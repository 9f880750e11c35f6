from pathlib import Path

import pytest

from burnish.grade.tools import Tools
from burnish.server.admission import admit
from burnish.server.desk import Desk
from burnish.server.routes import jobs
from burnish.spec.job import JobRequest
from tests.door import Door, error_of, opened
from tests.fakes import FakeSandbox
from tests.rows import GRADER, model, model_name

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
JUDGE = {"type": "score_model", "model": "gpt-4o-2024-08-06", "input": [{"role": "user", "content": "rate"}]}
PREFIX = "method.reinforcement"


def _post(door: Door, **changes: object) -> tuple[int, str | None, str | None]:
    answer = door.http.post("/v1/fine_tuning/jobs", json=door.body(**changes))
    return (200, None, None) if answer.status_code == 200 else error_of(answer)


def _method(grader: object = GRADER, **more: object) -> dict[str, object]:
    return {"type": "reinforcement", "reinforcement": {"grader": grader, **more}}


@pytest.mark.parametrize("name", ["burnish-starter", "o4-mini-2025-04-16"])
def test_a_base_model_may_be_named_or_aliased(door: Door, name: str):
    assert _post(door, model=name) == (200, None, None)


def test_an_unknown_model_is_told_with_the_way_to_name_it(door: Door):
    assert _post(door, model="gpt-5") == (400, "model", "model_not_found")
    answer = door.http.post("/v1/fine_tuning/jobs", json=door.body(model="gpt-5"))
    assert "[models.aliases]" in answer.json()["error"]["message"]


def test_a_model_that_cannot_be_trained_is_refused(door: Door):
    door.state.store.models.insert(model("ftjob-a", 1))
    assert _post(door, model="judge") == (400, "model", "model_not_trainable")
    assert _post(door, model=model_name(1)) == (400, "model", "model_not_trainable")


def test_both_files_must_be_there_for_training(door: Door):
    evals = door.upload(purpose="evals")
    assert _post(door, training_file="file-x") == (400, "training_file", "file_not_found")
    assert _post(door, training_file=evals) == (400, "training_file", "invalid_file_purpose")
    assert _post(door, validation_file="file-x") == (400, "validation_file", "file_not_found")
    assert _post(door, validation_file=evals) == (400, "validation_file", "invalid_file_purpose")


def test_a_file_that_has_vanished_is_not_found(door: Door):
    gone = door.upload()
    door.client.files.delete(gone)
    assert _post(door, training_file=gone) == (400, "training_file", "file_not_found")


def test_reinforcement_needs_a_validation_file_and_says_so(door: Door):
    answer = door.http.post("/v1/fine_tuning/jobs", json=door.body(validation_file=None))
    assert error_of(answer) == (400, "validation_file", "missing_required_parameter")
    assert "needs a validation file" in answer.json()["error"]["message"]


def test_a_schema_that_can_be_enforced_is_taken_in_both_shapes(door: Door):
    chat = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": SCHEMA}}
    flat = {"type": "json_schema", "name": "a", "strict": True, "schema": SCHEMA}
    for shape in (chat, flat, {"type": "text"}, None):
        assert _post(door, method=_method(response_format=shape)) == (200, None, None)


def test_a_schema_that_cannot_be_enforced_is_refused(door: Door):
    schema = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    shape = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    place = f"{PREFIX}.response_format.json_schema.schema"
    assert _post(door, method=_method(response_format=shape)) == (400, place, "invalid_json_schema")


def test_a_judge_must_be_a_model_that_is_served(door: Door):
    multi = {"type": "multi", "graders": {"j": JUDGE}, "calculate_output": "j"}
    unknown = {**JUDGE, "model": "gpt-9"}
    assert _post(door, method=_method(JUDGE)) == (200, None, None)
    assert _post(door, method=_method(multi)) == (200, None, None)
    assert _post(door, method=_method(unknown)) == (400, f"{PREFIX}.grader.model", "model_not_found")
    place = f"{PREFIX}.grader.graders.j.model"
    assert _post(door, method=_method({**multi, "graders": {"j": unknown}})) == (400, place, "model_not_found")


def test_a_tuned_model_is_no_judge_yet(door: Door):
    tuned = model("ftjob-1", 0)
    door.state.store.models.insert(tuned)
    judge = {**JUDGE, "model": tuned.name}
    assert _post(door, method=_method(judge)) == (400, f"{PREFIX}.grader.model", "model_not_supported")


def test_a_formula_without_any_value_is_refused(door: Door):
    multi = {"type": "multi", "graders": {"a": GRADER}, "calculate_output": "1 / (a - a)"}
    assert _post(door, method=_method(multi))[:2] == (400, f"{PREFIX}.grader.calculate_output")


def test_a_grader_that_cannot_run_is_refused_before_the_job_exists(door: Door):
    misspelt = {**GRADER, "input": "{{ sample.output_txt }}"}
    status, param, _ = _post(door, method=_method(misspelt))
    assert (status, param) == (400, f"{PREFIX}.grader.input")
    alike = {"type": "text_similarity", "input": "", "reference": "", "evaluation_metric": "cosine"}
    status, param, _ = _post(door, method=_method(alike))
    assert (status, param) == (400, f"{PREFIX}.grader.evaluation_metric")
    assert door.state.store.jobs.page().items == []


def test_a_file_that_goes_while_the_job_is_looked_at_is_a_400_and_leaves_no_job(door: Door, monkeypatch):
    body = door.body()

    def admit_slowly(desk: Desk, request: JobRequest) -> dict[str, str]:
        files = admit(desk, request)
        assert door.state.store.files.delete(body["validation_file"])
        return files

    monkeypatch.setattr(jobs, "admit", admit_slowly)
    answer = door.http.post("/v1/fine_tuning/jobs", json=body)
    assert error_of(answer) == (400, "validation_file", "file_not_found")
    assert door.state.store.jobs.page().items == []


def test_a_file_that_has_expired_is_not_found(tmp_path: Path):
    with opened(tmp_path) as door:
        body = door.body()
        door.state.store.files.delete(body["training_file"])
        assert error_of(door.http.post("/v1/fine_tuning/jobs", json=body))[2] == "file_not_found"


def test_a_judge_that_picks_labels_is_a_judge_like_any(door: Door):
    label = {**JUDGE, "type": "label_model", "labels": ["a", "b"], "passing_labels": ["a"]}
    assert _post(door, method=_method(label)) == (200, None, None)
    unknown = {**label, "model": "gpt-9"}
    assert _post(door, method=_method(unknown)) == (400, f"{PREFIX}.grader.model", "model_not_found")


def test_images_go_to_remote_judges_only(door: Door):
    image = {"type": "input_image", "image_url": "https://example.test/{{item.answer}}.png"}
    remote = {**JUDGE, "model": "judge", "input": [{"role": "user", "content": image}]}
    assert _post(door, method=_method(remote)) == (200, None, None)
    local = {**remote, "model": "burnish-starter"}
    assert _post(door, method=_method(local))[:2] == (400, f"{PREFIX}.grader.input[0].content")


def test_an_endpoints_headers_are_kept_for_the_run_and_never_shown(door: Door):
    endpoint = {"type": "endpoint", "url": "https://x.test", "headers": {"authorization": "s3cret"}}
    multi = {"type": "multi", "graders": {"e": endpoint}, "calculate_output": "e"}
    job_id = door.create(method=_method(multi))
    stored = door.state.store.jobs.require(job_id).request["method"]["reinforcement"]["grader"]
    assert stored["graders"]["e"]["headers"] == {"authorization": "s3cret"}
    for path in ("", f"/{job_id}", f"/{job_id}/events"):
        answer = door.http.get(f"/v1/fine_tuning/jobs{path}")
        assert answer.status_code == 200
        assert "s3cret" not in answer.text
    shown = door.http.get(f"/v1/fine_tuning/jobs/{job_id}").json()["method"]["reinforcement"]["grader"]
    assert shown["graders"]["e"]["headers"] == {"authorization": "**********"}


def test_a_python_grader_is_taken_where_a_sandbox_works_and_refused_with_the_reason_where_none_does(tmp_path: Path):
    python = {"type": "python", "source": "def grade(sample, item): return 1"}
    with opened(tmp_path / "a", tools=Tools(sandbox=FakeSandbox())) as door:
        assert _post(door, method=_method(python)) == (200, None, None)
    with opened(tmp_path / "b", grading={"sandbox": "off"}) as door:
        answer = door.http.post("/v1/fine_tuning/jobs", json=door.body(method=_method(python)))
        assert error_of(answer)[:2] == (400, f"{PREFIX}.grader.type")
        assert "grading.sandbox says so" in answer.json()["error"]["message"]


def test_a_budget_must_be_one(door: Door):
    assert _post(door, metadata={"burnish_budget_tokens": "5000"}) == (200, None, None)
    param = "metadata.burnish_budget_tokens"
    assert _post(door, metadata={"burnish_budget_tokens": "many"}) == (400, param, "invalid_value")
    assert _post(door, metadata={"burnish_budget_eur": "5"}) == (
        400,
        "metadata.burnish_budget_eur",
        "unknown_parameter",
    )


def test_the_patience_of_an_early_stop_must_be_a_number(door: Door):
    assert _post(door, metadata={"burnish_early_stop_patience": "3"}) == (200, None, None)
    param = "metadata.burnish_early_stop_patience"
    assert _post(door, metadata={"burnish_early_stop_patience": "soon"}) == (400, param, "invalid_value")
    param = "metadata.burnish_early_stop_delta"
    assert _post(door, metadata={"burnish_early_stop_delta": "0.1"}) == (400, param, "unknown_parameter")


def test_a_budget_in_money_needs_prices(door: Door, tmp_path: Path):
    metadata = {"burnish_budget_usd": "5"}
    assert _post(door, metadata=metadata) == (400, "metadata.burnish_budget_usd", "invalid_value")
    with opened(tmp_path / "priced", prices={"machine_hour_usd": 2.5}) as priced:
        assert _post(priced, metadata=metadata) == (200, None, None)
