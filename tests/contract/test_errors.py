"""Every bad request as the official client sees it: the exception, and the four keys of its body."""

from collections.abc import Callable
from typing import Any

import openai
import pytest

from tests.door import Door
from tests.rows import NOW

Call = Callable[[Door], Any]


def _create(**changes: Any) -> Call:
    return lambda door: door.client.fine_tuning.jobs.create(**door.body(**changes))


def _hyper(**values: Any) -> Call:
    def call(door: Door) -> Any:
        body = door.body()
        body["method"]["reinforcement"] = body["method"]["reinforcement"] | {"hyperparameters": values}
        return door.client.fine_tuning.jobs.create(**body)

    return call


@pytest.mark.parametrize(
    ("call", "kind", "param", "code"),
    [
        (_create(extra_body={"test_file": "f"}), openai.BadRequestError, "test_file", "unknown_parameter"),
        (_create(model="gpt-5"), openai.BadRequestError, "model", "model_not_found"),
        (_create(training_file="file-x"), openai.BadRequestError, "training_file", "file_not_found"),
        (_create(validation_file=None), openai.BadRequestError, "validation_file", "missing_required_parameter"),
        (_create(seed="x"), openai.BadRequestError, "seed", "invalid_type"),
        (
            _hyper(n_epochs=0),
            openai.BadRequestError,
            "method.reinforcement.hyperparameters.n_epochs",
            "integer_below_min_value",
        ),
        (
            lambda door: door.client.fine_tuning.jobs.retrieve("ftjob-x"),
            openai.NotFoundError,
            "fine_tune_id",
            "fine_tune_not_found",
        ),
        (lambda door: door.client.files.retrieve("file-x"), openai.NotFoundError, "id", "file_not_found"),
        (lambda door: door.client.models.retrieve("gpt-5"), openai.NotFoundError, "model", "model_not_found"),
        (lambda door: door.client.fine_tuning.jobs.list(limit=0), openai.BadRequestError, "limit", None),
        (lambda door: door.client.fine_tuning.jobs.list(after="x"), openai.BadRequestError, "after", "invalid_value"),
    ],
)
def test_a_bad_request_raises_what_openais_would(door: Door, call: Call, kind: type, param: str, code: str | None):
    with pytest.raises(kind) as raised:
        call(door)
    error = raised.value
    assert isinstance(error, openai.APIStatusError)
    assert isinstance(error.body, dict)
    assert sorted(error.body) == ["code", "message", "param", "type"]
    assert (error.param, error.type) == (param, "invalid_request_error")
    assert code in (None, error.code)
    assert error.request_id is not None


def test_a_wrong_key_raises_an_authentication_error(door: Door):
    door.state.store.keys.create("first", now=NOW)
    with pytest.raises(openai.AuthenticationError) as raised:
        door.client.models.list()
    assert raised.value.code == "invalid_api_key"
