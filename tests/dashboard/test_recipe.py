import json
import shlex

import pytest

from burnish.dashboard.recipe import Draft, body, curl, parsed, python


def _draft(**changes: str) -> Draft:
    draft = Draft(model="tiny", training_file="file-a", validation_file="file-b", grader='{"name": "it\'s"}')
    for key, value in changes.items():
        draft.set(key, value)
    return draft


def test_only_what_was_filled_in_is_sent():
    assert body(_draft(n_epochs=" 3 ", batch_size="auto", eval_samples="", reasoning_effort="low")) == {
        "model": "tiny",
        "training_file": "file-a",
        "validation_file": "file-b",
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "grader": {"name": "it's"},
                "hyperparameters": {"n_epochs": 3, "reasoning_effort": "low"},
            },
        },
    }


def test_a_schema_becomes_a_strict_response_format():
    sent = body(_draft(schema='{"type": "object"}', suffix=" mine "))
    shape = {"name": "answer", "strict": True, "schema": {"type": "object"}}
    assert sent["method"]["reinforcement"]["response_format"] == {"type": "json_schema", "json_schema": shape}
    assert sent["suffix"] == "mine"


def test_a_missing_file_and_what_is_no_json_are_named():
    with pytest.raises(ValueError, match="Choose or upload a validation file"):
        body(_draft(validation_file=""))
    with pytest.raises(ValueError, match="The grader is no JSON: line 1, column 2"):
        parsed("{", "The grader")


def test_the_code_says_the_same():
    sent = body(_draft())
    compile(python(sent, "http://127.0.0.1/v1"), "job.py", "exec")
    command = shlex.split(curl(sent, "http://127.0.0.1/v1").replace("\\\n", " "))
    assert json.loads(command[-1]) == sent
