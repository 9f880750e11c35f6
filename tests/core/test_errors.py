import pytest

from burnish.core.errors import (
    BurnishError,
    Busy,
    GraderUnavailable,
    InvalidKey,
    InvalidRequest,
    JobFailure,
    LeaseLost,
    NotFound,
    StoreUnavailable,
    TooLarge,
    Unavailable,
)


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (BurnishError("x"), 500, "server_error", None),
        (InvalidRequest("x", param="seed"), 400, "invalid_request_error", None),
        (InvalidKey("x"), 401, "invalid_request_error", "invalid_api_key"),
        (NotFound("x", code="model_not_found"), 404, "invalid_request_error", "model_not_found"),
        (TooLarge("x"), 413, "invalid_request_error", None),
        (Busy("x"), 429, "requests", "rate_limit_exceeded"),
        (Unavailable("x"), 503, "server_error", None),
        (StoreUnavailable("x"), 503, "server_error", "store_unavailable"),
        (GraderUnavailable("x"), 502, "server_error", None),
        (LeaseLost("x"), 500, "server_error", None),
        (JobFailure("x", code="invalid_training_file"), 400, "invalid_request_error", "invalid_training_file"),
    ],
)
def test_every_error_knows_how_openai_would_answer(error, status, kind, code):
    assert (error.status, error.type, error.code) == (status, kind, code)
    assert isinstance(error, BurnishError)


def test_an_error_carries_its_message_and_param():
    error = InvalidRequest("'seed' must be positive.", param="seed")
    assert (str(error), error.message, error.param) == ("'seed' must be positive.",) * 2 + ("seed",)


def test_a_key_and_a_full_house_name_no_param():
    assert InvalidKey("x").param is None
    assert Busy("x").param is None


def test_an_error_is_told_in_openais_envelope():
    body = InvalidRequest("wrong", param="model", code="model_not_found").body
    told = {"message": "wrong", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}
    assert body == {"error": told}
