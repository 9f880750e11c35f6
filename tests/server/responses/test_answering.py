"""What happens to a response whose endpoint fails; one that succeeds is in `tests/contract/test_responses.py`."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from burnish.server.app import app_of
from burnish.server.state import open_state
from burnish.settings import Settings
from tests.door import error_of

BODY = {"model": "tiny", "input": "hello"}


class Endpoint:
    """Stands in for the inference process."""

    chunks = ("a", "b")
    is_whole = True
    status = 200

    def __call__(self, _request: httpx2.Request) -> httpx2.Response:
        if self.status != 200:
            error = {"message": "no such thing", "param": "messages", "code": "odd", "type": "invalid_request_error"}
            return httpx2.Response(self.status, json={"error": error})
        bodies = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in self.chunks]
        text = "".join(f"data: {json.dumps(body)}\n\n" for body in bodies)
        return httpx2.Response(200, text=text + ("data: [DONE]\n\n" if self.is_whole else ""))


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def http(tmp_path: Path, endpoint: Endpoint) -> Iterator[TestClient]:
    settings = Settings(data_dir=tmp_path, infer_url="http://infer", models={"local": {"tiny": "x"}})
    state = open_state(settings, httpx2.AsyncClient(transport=httpx2.MockTransport(endpoint)))
    with TestClient(app_of(state)) as http:
        yield http


def events(answer: httpx2.Response) -> list[dict]:
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_a_stream_that_breaks_ends_as_failed_with_what_there_was(http, endpoint):
    endpoint.is_whole = False
    told = events(http.post("/v1/responses", json={**BODY, "stream": True}))
    assert told[-1]["type"] == "response.failed"
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == "ab"
    kept = http.get(f"/v1/responses/{told[-1]['response']['id']}").json()
    assert (kept["status"], kept["error"]) == ("failed", told[-1]["response"]["error"])


def test_what_the_model_refuses_is_the_callers_error(http, endpoint):
    endpoint.status = 400
    assert error_of(http.post("/v1/responses", json=BODY)) == (400, "input", "odd")
    assert error_of(http.post("/v1/responses", json={**BODY, "stream": True})) == (400, "input", "odd")


def test_in_the_background_a_refusal_ends_the_response(http, endpoint):
    endpoint.status = 400
    made = http.post("/v1/responses", json={**BODY, "background": True}).json()
    assert made["status"] == "queued"
    for _ in range(200):
        found = http.get(f"/v1/responses/{made['id']}").json()
        if found["status"] == "failed":
            break
        time.sleep(0.01)
    assert found["error"] == {"code": "odd", "message": "no such thing"}


def test_one_that_nobody_makes_any_more_has_failed(http):
    made = http.post("/v1/responses", json=BODY).json()
    store = http.app.state.burnish.store.exchanges
    store.set_answer(made["id"], {**made, "status": "in_progress"})
    found = http.get(f"/v1/responses/{made['id']}").json()
    assert (found["status"], found["error"]["code"]) == ("failed", "server_error")
    assert store.require("response", made["id"]).answer["status"] == "failed"


def test_an_empty_stream_is_a_response_without_output(http, endpoint):
    endpoint.chunks = ()
    made = http.post("/v1/responses", json=BODY).json()
    assert (made["status"], made["output"]) == ("completed", [])


def test_in_the_background_a_refusal_is_the_last_event_of_the_stream(http, endpoint):
    endpoint.status = 400
    told = events(http.post("/v1/responses", json={**BODY, "background": True, "stream": True}))
    kinds = [event["type"].removeprefix("response.") for event in told]
    assert kinds == ["created", "queued", "in_progress", "failed"]
    assert told[-1]["response"]["error"] == {"code": "odd", "message": "no such thing"}


def test_events_are_read_from_any_place_and_none_are_waited_for_in_vain(http):
    told = events(http.post("/v1/responses", json={**BODY, "background": True, "stream": True}))
    url, last = f"/v1/responses/{told[0]['response']['id']}", told[-1]["sequence_number"]
    assert events(http.get(url, params={"stream": True})) == told
    assert events(http.get(url, params={"stream": True, "starting_after": 3})) == told[4:]
    past = http.get(url, params={"stream": True, "starting_after": last})
    assert error_of(past) == (400, "starting_after", "invalid_value")
    assert error_of(http.get(url, params={"starting_after": 3})) == (400, "starting_after", None)


def test_a_prompts_tokens_are_counted_without_an_answer(http, endpoint):
    assert error_of(http.post("/v1/responses/input_tokens", json={"model": "tiny"})) == (400, "input", "invalid_value")
    endpoint.status = 400
    assert error_of(http.post("/v1/responses/input_tokens", json=BODY)) == (400, "input", "odd")
