import json

from starlette.requests import Request

from burnish.core.errors import InvalidRequest
from burnish.infer.refusal import refuse


def test_an_error_keeps_its_status_and_all_it_says():
    answer = refuse(Request({"type": "http"}), InvalidRequest("No.", param="model", code="model_too_large"))
    error = {"message": "No.", "type": "invalid_request_error", "param": "model", "code": "model_too_large"}
    assert (answer.status_code, json.loads(bytes(answer.body))) == (400, {"error": error})
