"""Embeddings through the official client, which asks for base64 and takes numbers as well."""

import base64
import struct
from collections.abc import Iterator

import openai
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from burnish.server.app import app_of
from burnish.server.state import open_state
from burnish.settings import Settings
from tests.contract.shape import missing
from tests.serving import listening


@pytest.fixture
def client(tmp_path) -> Iterator[openai.OpenAI]:
    """Its embedder counts letters: two numbers a text."""
    app = FastAPI()

    @app.post("/v1/embeddings")
    async def answer(request: Request) -> dict:
        body = await request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors = [[float(text.count("a")), float(text.count("b"))] for text in texts]
        if body.get("encoding_format") == "base64":
            vectors = [base64.b64encode(struct.pack("<2f", *vector)).decode() for vector in vectors]
        data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return {"object": "list", "data": data, "model": "counter", "usage": usage}

    with listening(app) as url:
        models = {"remote": {"letters": {"base_url": f"{url}/v1"}}}
        state = open_state(Settings.model_validate({"data_dir": tmp_path, "models": models}))
        with TestClient(app_of(state)) as http:
            yield openai.OpenAI(base_url="http://testserver/v1", api_key="any", http_client=http, max_retries=0)


@pytest.mark.parametrize("given", [{}, {"encoding_format": "float"}])
def test_texts_become_vectors(client: openai.OpenAI, given: dict):
    found = client.embeddings.create(model="letters", input=["aab", "b"], **given)
    assert [list(row.embedding) for row in found.data] == [[2.0, 1.0], [0.0, 1.0]]
    assert (found.model, found.usage.total_tokens) == ("letters", 2)
    assert missing(found) == []


def test_a_single_text_is_a_list_of_one(client: openai.OpenAI):
    assert [list(row.embedding) for row in client.embeddings.create(model="letters", input="aa").data] == [[2.0, 0.0]]


def test_a_missing_model_is_not_found(client: openai.OpenAI):
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.embeddings.create(model="text-embedding-3-large", input="a")
