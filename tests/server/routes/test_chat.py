"""The route and what stands behind it, over the tiny model or a made-up endpoint."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from burnish.chats import Chats
from burnish.core.records import TunedModel
from burnish.server.app import app_of
from burnish.server.state import State, open_state
from burnish.settings import Settings
from tests.door import ask_and_leave, error_of
from tests.rows import NOW
from tests.serving import listening

BODY = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}
TUNED = TunedModel(
    name="ft:tiny:local::abcdefgh",
    created_at=1,
    base="tiny",
    job_id="ftjob-1",
    step=3,
    blob="models/x",
    kind="lora",
    reasoning_effort="low",
    project="default",
)


class Infer:
    """Stands in for the inference process; keeps what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.reply: Callable[[dict[str, Any]], httpx2.Response] = _completion

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(json.loads(request.content))
        return self.reply(self.bodies[-1])


def _completion(body: dict[str, Any]) -> httpx2.Response:
    if body.get("stream"):
        chunks = [
            {"model": body["model"], "choices": [{"index": 0, "delta": {"content": word}}]} for word in ("a", "b")
        ]
        text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
        return httpx2.Response(200, text=text + "data: [DONE]\n\n")
    return httpx2.Response(200, json={"id": "chatcmpl-1", "model": "there", "choices": []})


@pytest.fixture
def infer() -> Infer:
    return Infer()


@contextmanager
def server(data_dir: Path, infer: Any, **models: Any) -> Iterator[tuple[TestClient, State]]:
    settings = Settings.model_validate(
        {"data_dir": data_dir, "infer_url": "http://infer", "models": {"local": {"tiny": "/nowhere"}, **models}}
    )
    state = open_state(settings, httpx2.AsyncClient(transport=httpx2.MockTransport(infer)))
    state.store.models.insert(TUNED)
    with TestClient(app_of(state)) as http:
        yield http, state


@pytest.fixture
def http(tmp_path, infer) -> Iterator[TestClient]:
    with server(tmp_path, infer, aliases={"o4-mini": "tiny", "best": TUNED.name}) as (http, _):
        yield http


def test_a_base_goes_to_the_inference_process_by_its_own_name(http, infer):
    answer = http.post("/v1/chat/completions", json={**BODY, "model": "o4-mini"}).json()
    assert answer["model"] == "o4-mini"
    assert infer.bodies[0]["burnish"] == {
        "base": "tiny",
        "kind": "base",
        "blob": None,
        "reasoning_effort": "default",
        "shows_reasoning": False,
    }


@pytest.mark.parametrize("name", [TUNED.name, "best"])
def test_a_tuned_model_goes_with_its_base_its_files_and_its_effort(http, infer, name):
    assert http.post("/v1/chat/completions", json={**BODY, "model": name}).json()["model"] == name
    assert infer.bodies[0]["burnish"] == {
        "base": "tiny",
        "kind": "lora",
        "blob": "models/x",
        "reasoning_effort": "low",
        "shows_reasoning": False,
    }


def test_a_model_of_another_project_answers_once_a_permission_says_so(tmp_path, infer):
    with server(tmp_path, infer, aliases={"best": TUNED.name}) as (http, state):
        http.headers["authorization"] = f"Bearer {state.store.keys.create('b', now=NOW, project='b').secret}"
        for name in (TUNED.name, "best"):
            response = http.post("/v1/chat/completions", json={**BODY, "model": name})
            assert error_of(response) == (404, "model", "model_not_found")
        state.store.permissions.create(TUNED.name, ["b"], now=NOW)
        for name in (TUNED.name, "best"):
            assert http.post("/v1/chat/completions", json={**BODY, "model": name}).json()["model"] == name
    assert [body["burnish"]["blob"] for body in infer.bodies] == ["models/x", "models/x"]


def test_every_field_of_the_body_goes_along_but_nobody_chooses_weights(http, infer):
    http.post("/v1/chat/completions", json={**BODY, "top_k": 5, "burnish": {"base": "/etc"}})
    sent = infer.bodies[0]
    assert (sent["top_k"], sent["messages"], sent["burnish"]["base"]) == (5, BODY["messages"], "tiny")


def test_a_stream_passes_chunk_by_chunk_under_the_name_asked_for(http):
    response = http.post("/v1/chat/completions", json={**BODY, "stream": True})
    lines = response.text.split("\n\n")
    assert [json.loads(line[6:])["choices"][0]["delta"]["content"] for line in lines[:2]] == ["a", "b"]
    assert [json.loads(line[6:])["model"] for line in lines[:2]] == ["tiny", "tiny"]
    assert lines[2:] == ["data: [DONE]", ""]


def test_a_name_that_means_nothing_is_a_404(http):
    response = http.post("/v1/chat/completions", json={**BODY, "model": "gpt-9"})
    assert error_of(response) == (404, "model", "model_not_found")


@pytest.mark.parametrize("stream", [False, True])
def test_an_inference_process_that_is_down_is_a_503_that_says_when_to_come_back(http, infer, stream):
    infer.reply = lambda _: httpx2.Response(503, text="loading", headers={"retry-after": "3600"})
    response = http.post("/v1/chat/completions", json={**BODY, "stream": stream})
    assert error_of(response) == (503, None, None)
    assert "'tiny' cannot answer at present" in response.json()["error"]["message"]
    assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize("stream", [False, True])
def test_an_inference_process_with_too_much_to_do_is_a_429_that_says_when_to_come_back(http, infer, stream):
    infer.reply = lambda _: httpx2.Response(429, text="full", headers={"retry-after": "3600"})
    response = http.post("/v1/chat/completions", json={**BODY, "stream": stream})
    assert error_of(response) == (429, None, "rate_limit_exceeded")
    assert response.headers["retry-after"] == "3"


def test_without_an_inference_process_the_error_says_what_to_do(tmp_path):
    state = open_state(Settings.model_validate({"data_dir": tmp_path, "models": {"local": {"tiny": "/nowhere"}}}))
    with TestClient(app_of(state)) as http:
        response = http.post("/v1/chat/completions", json=BODY)
    assert response.status_code == 503
    assert "set infer_url" in response.json()["error"]["message"]


def test_a_refusal_keeps_its_words_and_its_place(http, infer):
    error = {"message": "no", "type": "invalid_request_error", "param": "top_p", "code": "unsupported_value"}
    infer.reply = lambda _: httpx2.Response(400, json={"error": error})
    response = http.post("/v1/chat/completions", json={**BODY, "stream": True})
    assert (response.status_code, response.json()) == (400, {"error": error})


def test_a_stream_that_breaks_ends_in_an_error_event(http, infer):
    infer.reply = lambda _: httpx2.Response(200, text='data: {"choices":[]}\n\n')
    text = http.post("/v1/chat/completions", json={**BODY, "stream": True}).text
    events = [line for line in text.split("\n\n") if line]
    assert json.loads(events[1][6:])["error"]["type"] == "server_error"
    assert events[2] == "data: [DONE]"


def test_a_body_without_messages_is_a_400(http):
    response = http.post("/v1/chat/completions", json={"model": "tiny", "messages": []})
    assert error_of(response)[:2] == (400, "messages")


def test_a_remote_model_is_asked_at_its_endpoint_by_its_name_there(tmp_path, infer):
    seen: list[dict[str, Any]] = []
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def answer(body: dict[str, Any]) -> dict[str, Any]:
        seen.append(body)
        return {"id": "chatcmpl-2", "model": "there", "choices": []}

    with listening(app) as url:
        remote = {"judge": {"base_url": f"{url}/v1", "model": "there"}}
        with server(tmp_path, infer, remote=remote, aliases={"gpt-4o": "judge"}) as (http, _):
            for name in ("judge", "gpt-4o"):
                image = [{"type": "image_url", "image_url": {"url": "data:,"}}]
                body = {"model": name, "messages": [{"role": "user", "content": image}]}
                assert http.post("/v1/chat/completions", json=body).json()["model"] == name
    assert [body["model"] for body in seen] == ["there", "there"]
    assert seen[0]["messages"][0]["content"][0]["type"] == "image_url"
    assert infer.bodies == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_hangs_up_ends_the_request_behind(tmp_path, stream):
    begun, ended = asyncio.Event(), asyncio.Event()

    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self):
            try:
                yield b'data: {"choices":[]}\n\n'
                begun.set()
                await asyncio.Event().wait()
            finally:
                ended.set()

    async def infer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=Endless())

    with server(tmp_path, infer) as (_, state):
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(infer))
        app = app_of(replace(state, chats=Chats(state.settings, state.store.models, state.blobs, client)))
        asyncio.run(_ask_and_leave(app, {**BODY, "stream": stream}, begun, ended))


async def _ask_and_leave(app: FastAPI, body: dict[str, Any], begun: asyncio.Event, ended: asyncio.Event) -> None:
    await ask_and_leave(app, "/v1/chat/completions", body, begun)
    await asyncio.wait_for(ended.wait(), 20)


def test_the_official_client_is_told_of_a_missing_model(http):
    client = openai.OpenAI(base_url="http://testserver/v1", api_key="any", http_client=http, max_retries=0)
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "hi"}])
