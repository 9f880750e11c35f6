from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from burnish.server.app import app_of
from burnish.server.state import open_state
from burnish.settings import Settings
from tests.serving import listening


@contextmanager
def door(directory: Path, replies: list[JSONResponse], bodies: list[dict[str, Any]]) -> Iterator[TestClient]:
    """A server whose embedder gives these replies."""
    app = FastAPI()

    @app.post("/v1/embeddings")
    async def answer(request: Request) -> JSONResponse:
        bodies.append(await request.json())
        return replies.pop(0)

    with listening(app) as url:
        remote = {"embedder": {"base_url": f"{url}/v1", "model": "e-large", "attempts": 1}}
        models = {"remote": remote, "aliases": {"text-embedding-3-large": "embedder"}}
        state = open_state(
            Settings.model_validate({"data_dir": directory, "models": models, "infer_url": "http://127.0.0.1:1"})
        )
        with TestClient(app_of(state)) as http:
            yield http


def test_the_body_goes_along_as_it_was_sent_and_the_name_is_the_one_that_was_asked_for(tmp_path):
    data = [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
    reply = {"object": "list", "data": data, "model": "e-large", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    bodies: list[dict[str, Any]] = []
    sent = {"input": ["a"], "dimensions": 2, "encoding_format": "float", "user": "me"}
    with door(tmp_path, [JSONResponse(reply), JSONResponse(reply)], bodies) as http:
        for name in ("embedder", "text-embedding-3-large"):
            answer = http.post("/v1/embeddings", json={**sent, "model": name})
            assert answer.json() == {**reply, "model": name}
    assert bodies == [{**sent, "model": "e-large"}] * 2


def test_an_embedder_that_is_down_is_a_503_that_says_when_to_come_back(tmp_path):
    with door(tmp_path, [JSONResponse({}, 500)], []) as http:
        answer = http.post("/v1/embeddings", json={"model": "embedder", "input": "a"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


def test_a_refusal_keeps_its_words(tmp_path):
    refusal = {"error": {"message": "Too long.", "param": "input", "code": "context_length_exceeded"}}
    with door(tmp_path, [JSONResponse(refusal, 400)], []) as http:
        answer = http.post("/v1/embeddings", json={"model": "embedder", "input": "a"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Too long."


@pytest.mark.parametrize("wrong", ["", [], [""], [[]], None, [1.5], {"a": "b"}, ["a"] * 2049])
def test_an_input_that_is_none_is_a_400_that_names_the_field(tmp_path, wrong):
    with door(tmp_path, [], []) as http:
        answer = http.post("/v1/embeddings", json={"model": "embedder", "input": wrong})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "input"


def test_a_model_that_is_not_there_is_a_404(tmp_path):
    with door(tmp_path, [], []) as http:
        answer = http.post("/v1/embeddings", json={"model": "gpt-9", "input": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_a_model_that_answers_here_makes_no_embeddings(tmp_path):
    with door(tmp_path, [], []) as http:
        error = http.post("/v1/embeddings", json={"model": "burnish-starter", "input": "a"})
    assert (error.status_code, error.json()["error"]["param"]) == (400, "model")
    assert "burnish-starter" in error.json()["error"]["message"]
