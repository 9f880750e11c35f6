import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.serving import infer_app, tiny_settings
from tests.tiny import write_tiny_model

BODY = {
    "model": "asked-for",
    "messages": [{"role": "user", "content": "hello"}],
    "max_completion_tokens": 20,
    "seed": 4,
    "burnish": {"base": "tiny", "reasoning_effort": "none"},
}


@pytest.fixture(scope="module")
def http(tmp_path_factory) -> Iterator[TestClient]:
    model: Path = write_tiny_model(tmp_path_factory.mktemp("tiny"))
    with TestClient(infer_app(tiny_settings(tmp_path_factory.mktemp("data"), model))) as http:
        yield http


def events_of(text: str) -> list[dict]:
    lines = [line for line in text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_health_tells_which_bases_are_loaded(http):
    http.post("/v1/chat/completions", json=BODY)
    health = http.get("/health").json()
    assert (health["status"], len(health["bases"])) == ("ok", 1)


def test_an_answer_has_openais_fields_and_no_more(http):
    answer = http.post("/v1/chat/completions", json=BODY).json()
    text = answer["choices"][0]["message"]["content"]
    assert answer == {
        "id": answer["id"],
        "object": "chat.completion",
        "created": answer["created"],
        "model": "asked-for",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": answer["choices"][0]["finish_reason"],
                "logprobs": None,
            }
        ],
        "usage": answer["usage"],
        "system_fingerprint": None,
    }
    assert sorted(answer["usage"]) == [
        "completion_tokens",
        "completion_tokens_details",
        "prompt_tokens",
        "prompt_tokens_details",
        "total_tokens",
    ]


def test_a_streamed_answer_joins_to_the_plain_one(http):
    plain = http.post("/v1/chat/completions", json=BODY).json()["choices"][0]["message"]["content"]
    response = http.post("/v1/chat/completions", json={**BODY, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    chunks = events_of(response.text)
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == plain
    assert {chunk["model"] for chunk in chunks} == {"asked-for"}


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_an_error_in_the_envelope_streamed_or_not(http, stream):
    response = http.post("/v1/chat/completions", json={**BODY, "frequency_penalty": 0.5, "stream": stream})
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        "frequency_penalty",
        "unsupported_parameter",
    )


def test_a_model_that_is_not_there_is_a_404(http):
    burnish = {"base": "tiny", "kind": "lora", "blob": "nowhere"}
    assert http.post("/v1/chat/completions", json={**BODY, "burnish": burnish}).status_code == 404


def test_a_body_without_weights_is_a_400(http):
    response = http.post("/v1/chat/completions", json={**BODY, "burnish": None})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "burnish")


def test_a_prompt_is_counted_without_an_answer(http):
    counted = http.post("/v1/chat/completions/input_tokens", json=BODY).json()
    answer = http.post("/v1/chat/completions", json=BODY).json()
    assert counted == {"input_tokens": answer["usage"]["prompt_tokens"]}
