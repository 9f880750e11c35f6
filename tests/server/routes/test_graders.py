"""graders/run and graders/validate: every flag by its trigger, and every refusal by its field."""

import asyncio
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.grade.tools import Tools
from burnish.server.app import app_of
from burnish.server.state import open_state
from burnish.settings import Settings
from burnish.spec.chat import ChatCompletion, ChatRequest
from tests.door import Door, Given, ask_and_leave, error_of, opened
from tests.fakes import FakeChat, FakeSleep, answer, verdict

RUN = "/v1/fine_tuning/alpha/graders/run"
VALIDATE = "/v1/fine_tuning/alpha/graders/validate"
REMOTE = {"remote": {"judge": {"base_url": "http://127.0.0.1:1/v1"}}}


def exact(text: str = "{{sample.output_text}}", reference: str = "yes") -> dict[str, Any]:
    return {"type": "string_check", "input": text, "reference": reference, "operation": "eq"}


def multi(formula: str, **graders: Any) -> dict[str, Any]:
    return {"type": "multi", "graders": graders, "calculate_output": formula}


JUDGE = {"type": "score_model", "model": "judge", "input": [{"role": "user", "content": "rate {{sample.output_text}}"}]}

PYTHON = {"type": "python", "source": "def grade(sample, item):\n    return 1.0"}


@dataclasses.dataclass
class Cell:
    """A sandbox in which every grade ends in the same way."""

    end: Outcome | Exception

    def refusal(self) -> str | None:
        return None

    async def grade(self, source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


def cell(end: Outcome | Exception) -> Tools:
    return Tools(sandbox=Cell(end), sleep=FakeSleep())


class Silent:
    """A judge that never answers."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.was_cancelled = False

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        raise AssertionError


def run(directory: Path, grader: Mapping[str, Any], tools: Tools | None = None, **body: Any) -> dict[str, Any]:
    """The body of a run's answer, which must be a 200."""
    with opened(directory, tools, models=REMOTE, grading={"run_timeout_s": 0.2}) as door:
        sent = {"grader": grader, "model_sample": "yes", **body}
        response = door.http.post(RUN, json=sent)
        assert response.status_code == 200, response.text
        return dict(response.json())


def raised(found: Mapping[str, Any]) -> set[str]:
    """The flags that are true."""
    return {name for name, value in found["metadata"]["errors"].items() if value is True}


def judged(*answers: ChatCompletion | Exception) -> Tools:
    return Tools(chat=FakeChat(answers), sleep=FakeSleep())


@pytest.mark.parametrize(
    ("grader", "tools", "flag"),
    [
        (multi("a +", a=exact()), None, "formula_parse_error"),
        (multi("a + b", a=exact()), None, "formula_parse_error"),
        (exact("{{sample.output_json.x}}"), None, "sample_parse_error"),
        (exact("{{item.anwser}}"), None, "invalid_variable_error"),
        (exact("{{sample.output}}"), None, "invalid_variable_error"),
        (multi("1 / (a - a)", a=exact()), None, "other_error"),
        (multi("a", a=JUDGE), Tools(chat=Silent()), "unresponsive_reward_error"),
        (PYTHON, cell(Outcome(None, "No score within 120 s.", timed_out=True)), "unresponsive_reward_error"),
        (PYTHON, cell(GraderUnavailable("no sandbox")), "python_grader_server_error"),
        (PYTHON, cell(Outcome(None, "ValueError: no")), "python_grader_runtime_error"),
        (JUDGE, Tools(chat=Silent()), "model_grader_server_error"),
        (JUDGE, judged(GraderUnavailable("down")), "model_grader_server_error"),
        (JUDGE, judged(answer(None, refusal="I will not.")), "model_grader_refusal_error"),
        (JUDGE, judged(answer("five")), "model_grader_parse_error"),
    ],
)
def test_every_fault_is_a_200_with_reward_0_and_its_flag(tmp_path, grader, tools, flag):
    found = run(tmp_path, grader, tools)
    assert (found["reward"], raised(found)) == (0.0, {flag})


@pytest.mark.parametrize(
    ("end", "field", "told"),
    [
        (
            Outcome(None, "Traceback\nValueError: \ud800"),
            "python_grader_runtime_error_details",
            "Traceback\nValueError: ?",
        ),
        (GraderUnavailable("no sandbox"), "python_grader_server_error_type", "no sandbox"),
    ],
)
def test_the_details_of_a_python_graders_failure_are_told(tmp_path, end, field, told):
    assert run(tmp_path, PYTHON, cell(end))["metadata"]["errors"][field] == told


def test_the_details_of_a_judges_failure_are_told(tmp_path):
    found = run(tmp_path, JUDGE, judged(GraderUnavailable("the endpoint is down")))
    assert found["metadata"]["errors"]["model_grader_server_error_details"] == "the endpoint is down"


def test_a_multi_graders_parts_are_sub_rewards(tmp_path):
    grader = multi("0.5 * good + 0.5 * lost", good=exact(), lost=JUDGE)
    found = run(tmp_path, grader, judged(verdict(0.5)))
    assert (found["reward"], found["sub_rewards"]) == (0.75, {"good": 1.0, "lost": 0.5})
    assert found["metadata"]["scores"] == {"good": 1.0, "lost": 0.5}
    found = run(tmp_path, grader, judged(GraderUnavailable("down")))
    assert (found["reward"], found["sub_rewards"]) == (0.0, {"good": 1.0, "lost": 0.0})
    assert found["metadata"]["scores"] == {"good": 1.0, "lost": None}


def test_a_sample_that_is_json_can_be_looked_into(tmp_path):
    grader = exact("{{sample.output_json.a[0].b}}", "{{item.want.b}}")
    assert run(tmp_path, grader, model_sample='{"a": [{"b": 3}]}', item={"want": {"b": 3}})["reward"] == 1.0


def test_what_older_clients_send_changes_nothing(tmp_path):
    assert run(tmp_path, exact(), reference_answer="no", trace_id="trace_1")["reward"] == 1.0


def test_hanging_up_ends_the_grading(tmp_path):
    async def main() -> None:
        judge = Silent()
        state = open_state(Settings.model_validate({"data_dir": tmp_path, "models": REMOTE}))
        app = app_of(dataclasses.replace(state, toolbox=Given(Tools(chat=judge))))
        await ask_and_leave(app, RUN, {"grader": JUDGE, "model_sample": "yes"}, judge.begun)
        assert judge.was_cancelled
        await state.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("grader", "param", "code"),
    [
        ({}, "grader.type", "missing_required_parameter"),
        ({"type": "magic"}, "grader.type", "invalid_value"),
        ({**exact(), "operation": "equal"}, "grader.operation", "invalid_value"),
        ({**exact(), "refrence": ""}, "grader.refrence", "unknown_parameter"),
        (multi("a", a={**exact(), "input": 3}), "grader.graders.a.input", "invalid_type"),
        ({**JUDGE, "model": "gpt-9"}, "grader.model", "model_not_found"),
        (multi("a", a={**JUDGE, "model": "gpt-9"}), "grader.graders.a.model", "model_not_found"),
    ],
)
def test_a_malformed_grader_is_a_400_that_names_the_field(door: Door, grader, param, code):
    for path, body in ((RUN, {"grader": grader, "model_sample": "x"}), (VALIDATE, {"grader": grader})):
        assert error_of(door.http.post(path, json=body)) == (400, param, code)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model_sample": 3}, "model_sample"),
        ({"item": []}, "item"),
        ({"model_sample": "x" * 1_000_001}, "model_sample"),
    ],
)
def test_a_malformed_body_is_a_400_that_names_the_field(door: Door, change, param):
    status, found, _ = error_of(door.http.post(RUN, json={"grader": exact(), "model_sample": "x"} | change))
    assert (status, found) == (400, param)


def test_validate_gives_the_grader_back_as_it_was_sent(door: Door):
    for grader in (exact(), multi("a ^ 2", a=exact()), JUDGE):
        assert door.http.post(VALIDATE, json={"grader": grader}).json() == {"grader": grader}


@pytest.mark.parametrize(
    ("grader", "param"),
    [
        (exact("{{sample.output}}"), "grader.input"),
        (multi("a +", a=exact()), "grader.calculate_output"),
        (multi("1 / (a - a)", a=exact()), "grader.calculate_output"),
    ],
)
def test_validate_refuses_what_a_job_would(door: Door, grader, param):
    assert error_of(door.http.post(VALIDATE, json={"grader": grader}))[:2] == (400, param)


def test_a_local_judge_is_asked_at_the_inference_process_under_the_name_it_was_sent_by(tmp_path):
    asked: list[dict[str, Any]] = []

    def infer(request: httpx2.Request) -> httpx2.Response:
        asked.append(json.loads(request.content))
        return httpx2.Response(200, json=verdict(0.75).model_dump())

    models = {"aliases": {"o4-mini-2025-04-16": "burnish-starter"}}
    settings = Settings.model_validate({"data_dir": tmp_path, "infer_url": "http://infer", "models": models})
    state = open_state(settings, httpx2.AsyncClient(transport=httpx2.MockTransport(infer)))
    with TestClient(app_of(state)) as http:
        judge = {**JUDGE, "model": "o4-mini-2025-04-16"}
        found = http.post(RUN, json={"grader": judge, "model_sample": "yes"}).json()
    assert (found["reward"], found["metadata"]["sampled_model_name"]) == (0.75, "o4-mini-2025-04-16")
    assert asked[0]["burnish"]["base"] == "burnish-starter"
    assert asked[0]["messages"] == [{"role": "user", "content": "rate yes"}]
