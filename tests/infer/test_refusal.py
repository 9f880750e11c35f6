import json

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from burnish.core.errors import InvalidRequest
from burnish.infer.refusal import refuse, refuse_body


def test_an_error_keeps_its_status_and_all_it_says():
    answer = refuse(Request({"type": "http"}), InvalidRequest("No.", param="model", code="model_too_large"))
    error = {"message": "No.", "type": "invalid_request_error", "param": "model", "code": "model_too_large"}
    assert (answer.status_code, json.loads(bytes(answer.body))) == (400, {"error": error})


def test_a_body_that_is_none_is_refused_at_its_field():
    wrong = RequestValidationError([{"loc": ("body", "input", 0), "msg": "Field required", "type": "missing"}])
    answer = refuse_body(Request({"type": "http"}), wrong)
    error = json.loads(bytes(answer.body))["error"]
    assert (answer.status_code, error["param"], error["message"]) == (400, "input.0", "'input.0': Field required.")
