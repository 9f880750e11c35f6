"""Graders tried by the official client: whole bodies, and that its types find all they require."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from burnish.core.errors import GraderUnavailable
from burnish.grade.tools import Tools
from tests.contract.shape import missing, normal
from tests.door import Door, opened
from tests.fakes import FakeChat, FakeSleep, verdict
from tests.grade.test_flags import NONE as NO_ERRORS

EXACT = {
    "type": "string_check",
    "name": "exact",
    "input": "{{ sample.output_json.answer }}",
    "reference": "{{ item.answer }}",
    "operation": "eq",
}
JUDGE = {
    "type": "score_model",
    "name": "judge",
    "model": "gpt-4o-2024-08-06",
    "input": [{"role": "user", "content": "Is {{sample.output_text}} kind?"}],
    "range": [0, 1],
}
USAGE = {"prompt_tokens": 100, "total_tokens": 120, "completion_tokens": 20, "cached_tokens": 60}


@pytest.fixture
def judge() -> FakeChat:
    return FakeChat([verdict(0.25)])


@pytest.fixture
def door(tmp_path: Path, judge: FakeChat) -> Iterator[Door]:
    models = {"aliases": {"gpt-4o-2024-08-06": "judge"}, "remote": {"judge": {"base_url": "http://127.0.0.1:1/v1"}}}
    with opened(tmp_path, Tools(chat=judge, sleep=FakeSleep()), models=models) as door:
        yield door


def run(door: Door, **body: Any) -> Any:
    """The whole body of the answer, once the client's type was found content."""
    graders = door.client.fine_tuning.alpha.graders
    parsed = graders.run(**body)
    assert missing(parsed) == missing(parsed.metadata) == missing(parsed.metadata.errors) == []
    return normal(json.loads(graders.with_raw_response.run(**body).text))


def test_a_check(door: Door):
    found = run(door, grader=EXACT, model_sample='{"answer": 4}', item={"answer": "4"})
    assert found == {
        "reward": 1.0,
        "metadata": {
            "name": "exact",
            "type": "string_check",
            "errors": NO_ERRORS,
            "execution_time": "…",
            "scores": {},
            "token_usage": None,
            "sampled_model_name": None,
        },
        "sub_rewards": {},
        "model_grader_token_usage_per_model": {},
    }


def test_a_judge(door: Door):
    found = run(door, grader=JUDGE, model_sample="yes")
    assert found == {
        "reward": 0.25,
        "metadata": {
            "name": "judge",
            "type": "score_model",
            "errors": NO_ERRORS,
            "execution_time": "…",
            "scores": {},
            "token_usage": USAGE,
            "sampled_model_name": "gpt-4o-2024-08-06",
        },
        "sub_rewards": {},
        "model_grader_token_usage_per_model": {"gpt-4o-2024-08-06": USAGE},
    }


def test_a_multi_grader_whose_judge_is_down(door: Door, judge: FakeChat):
    judge.answers = [GraderUnavailable("down")]
    both = {"type": "multi", "name": "both", "graders": {"a": EXACT, "b": JUDGE}, "calculate_output": "a + b"}
    found = run(door, grader=both, model_sample='{"answer": "4"}', item={"answer": "4"})
    assert found == {
        "reward": 0.0,
        "metadata": {
            "name": "both",
            "type": "multi",
            "errors": NO_ERRORS | {"model_grader_server_error": True, "model_grader_server_error_details": "down"},
            "execution_time": "…",
            "scores": {"a": 1.0, "b": None},
            "token_usage": None,
            "sampled_model_name": None,
        },
        "sub_rewards": {"a": 1.0, "b": 0.0},
        "model_grader_token_usage_per_model": {},
    }


def test_the_client_finds_the_judges_attributes_under_its_own_names(door: Door):
    found = door.client.fine_tuning.alpha.graders.run(grader=JUDGE, model_sample="yes")
    assert found.api_model_grader_token_usage_per_model == {"gpt-4o-2024-08-06": USAGE}
    assert found.metadata.errors.api_model_grader_parse_error is False


@pytest.mark.parametrize("grader", [EXACT, JUDGE])
def test_a_valid_grader_comes_back_as_it_was_sent(door: Door, grader: Any):
    graders = door.client.fine_tuning.alpha.graders
    assert json.loads(graders.with_raw_response.validate(grader=grader).text) == {"grader": grader}
    assert graders.validate(grader=grader).grader.model_dump(exclude_unset=True, mode="json") == grader


def test_a_malformed_grader_is_a_bad_request(door: Door):
    graders = door.client.fine_tuning.alpha.graders
    for call in (graders.validate, lambda grader: graders.run(grader=grader, model_sample="")):
        with pytest.raises(openai.BadRequestError) as caught:
            call(grader={**EXACT, "operation": "like_this"})
        assert (caught.value.param, caught.value.code) == ("grader.operation", "invalid_value")
