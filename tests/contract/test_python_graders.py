"""Python graders through the API, in a real sandbox."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.door import Door, opened
from tests.sandbox.cells import any_backend

F1 = """
import re

def words(text):
    return re.findall(r"\\w+", text.lower())

def grade(sample, item):
    said, wanted = set(words(sample["output_text"])), set(words(item["answer"]))
    return 2 * len(said & wanted) / (len(said) + len(wanted))
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    any_backend()
    with opened(tmp_path_factory.mktemp("data")) as door:
        yield door


def run(door: Door, source: str, sample: str, item: dict[str, Any]) -> dict[str, Any]:
    body = {"grader": {"type": "python", "name": "mine", "source": source}, "model_sample": sample, "item": item}
    answer = door.http.post("/v1/fine_tuning/alpha/graders/run", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_number_is_the_reward(door: Door):
    told = run(door, F1, "A quick brown fox", {"answer": "a slow brown dog"})
    assert told["reward"] == 0.5
    assert (told["metadata"]["name"], told["metadata"]["type"]) == ("mine", "python")
    assert not any(value is True for value in told["metadata"]["errors"].values())


def test_an_exception_is_a_reward_of_0_with_the_users_lines(door: Door):
    told = run(door, F1, "yes", {"wanted": "yes"})
    errors = told["metadata"]["errors"]
    assert told["reward"] == 0.0
    assert errors["python_grader_runtime_error"] is True
    assert errors["python_grader_runtime_error_details"].endswith("KeyError: 'answer'")
    assert 'File "grader.py", line 8, in grade' in errors["python_grader_runtime_error_details"]
    assert "zygote" not in errors["python_grader_runtime_error_details"]


def test_json_arrives_parsed(door: Door):
    source = "def grade(sample, item):\n    return sample['output_json']['score'] + item['deep']['list'][1]"
    assert run(door, source, '{"score": 0.25}', {"deep": {"list": [0, 2]}})["reward"] == 2.25


def test_a_job_with_one_is_taken(door: Door):
    method = {"type": "reinforcement", "reinforcement": {"grader": {"type": "python", "name": "f1", "source": F1}}}
    assert door.create(method=method).startswith("ftjob-")
