from burnish.core.job import JobStatus
from burnish.core.records import JobError
from burnish.server import wire
from burnish.spec.job import JobRequest
from tests.rows import GRADER, NOW, job, job_body


def _method(grader: dict, **more: object) -> dict:
    body = job_body(method={"type": "reinforcement", "reinforcement": {"grader": grader, **more}})
    return wire.job(job("ftjob-a", request=JobRequest.model_validate(body).record()), "local")["method"]


def test_a_grader_is_shown_as_it_was_sent():
    sent = {
        "type": "multi",
        "graders": {"headers": GRADER, "b": {"type": "string_check", "input": "", "reference": "", "operation": "ne"}},
        "calculate_output": "headers + b",
    }
    assert _method(sent)["reinforcement"]["grader"] == sent


def test_the_headers_of_an_endpoint_are_masked():
    sent = {"type": "endpoint", "url": "http://x", "headers": {"authorization": "secret"}}
    shown = _method(sent)["reinforcement"]["grader"]
    assert shown == {**sent, "headers": {"authorization": "**********"}}


def test_a_schema_keeps_its_nulls():
    schema = {"type": "object", "properties": {"a": {"enum": [None, 1], "default": None}}}
    chat = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert _method(GRADER, response_format=chat)["reinforcement"]["response_format"] == chat


def test_a_flat_schema_is_shown_in_the_chat_shape():
    flat = {"type": "json_schema", "name": "n", "schema": {}, "strict": True}
    chat = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}}
    assert _method(GRADER, response_format=flat)["reinforcement"]["response_format"] == chat


def test_a_failed_job_shows_its_error_and_its_end():
    request = JobRequest.model_validate(job_body()).record()
    error = JobError("invalid_training_file", "line 3", "training_file")
    shown = wire.job(
        job("ftjob-a", request=request, status=JobStatus.FAILED, error=error, finished_at=NOW, result_files=("f",)),
        "local",
    )
    assert shown["error"] == {"code": "invalid_training_file", "message": "line 3", "param": "training_file"}
    assert (shown["status"], shown["finished_at"], shown["result_files"]) == ("failed", NOW, ["f"])


def test_an_integration_is_echoed_with_its_run_which_has_the_jobs_id():
    sent = {"type": "wandb", "wandb": {"project": "p", "tags": ["t"]}}
    request = JobRequest.model_validate(job_body(integrations=[sent])).record()
    shown = wire.job(job("ftjob-a", request=request), "local")["integrations"]
    assert shown == [
        {"type": "wandb", "wandb": {"project": "p", "name": None, "entity": None, "tags": ["t"], "run_id": "ftjob-a"}}
    ]
