import asyncio
import base64
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from fastapi.testclient import TestClient

from burnish.infer.embed_app import Desk, create_app
from burnish.policy.embedder import Embedded, Embedder
from burnish.settings import Settings
from burnish.spec.embedding import ServedEmbedding
from tests.embedding import write_static, write_transformer


@pytest.fixture(scope="module")
def http(tmp_path_factory) -> Iterator[TestClient]:
    directory = tmp_path_factory.mktemp("embedders")
    embedders = {"whole": str(write_transformer(directory)), "static": str(write_static(directory))}
    embedders["broken"] = str(directory / "nowhere")
    settings = Settings.model_validate({"data_dir": directory, "models": {"embedders": embedders}})
    with TestClient(create_app(Desk(settings))) as client:
        yield client


def ask(http: TestClient, model: str = "static", **fields):
    body = {"model": "echoed", "input": "a text", "burnish": {"base": model, "kind": "embedder"}, **fields}
    return http.post("/v1/embeddings", json=body)


def test_every_text_has_its_vector_in_order(http):
    found = ask(http, "whole", input=["one", "two", "one"]).json()
    assert (found["object"], found["model"]) == ("list", "echoed")
    assert [(row["object"], row["index"], len(row["embedding"])) for row in found["data"]] == [
        ("embedding", index, 32) for index in range(3)
    ]
    first, second, third = (row["embedding"] for row in found["data"])
    assert first == third != second
    assert found["usage"] == {"prompt_tokens": 15, "total_tokens": 15}


def test_base64_holds_the_same_numbers(http):
    numbers = ask(http).json()["data"][0]["embedding"]
    written = ask(http, encoding_format="base64").json()["data"][0]["embedding"]
    assert list(struct.unpack("<16f", base64.b64decode(written))) == numbers


def test_fewer_dimensions_may_be_asked_for(http):
    whole, short = (ask(http, dimensions=count).json()["data"][0]["embedding"] for count in (16, 4))
    length = sum(value**2 for value in whole[:4]) ** 0.5
    assert short == pytest.approx([value / length for value in whole[:4]], abs=1e-6)


@pytest.mark.parametrize(
    ("model", "fields", "param", "message"),
    [
        ("static", {"dimensions": 17}, "dimensions", "16 dimensions, not 17"),
        ("static", {"input": [1, 2]}, "input", "check_embedding_ctx_length=False"),
        ("static", {"input": [[1, 2], [3]]}, "input", "no tokens' ids"),
        ("whole", {"input": ["short", "long " * 20]}, "input", "82 tokens, and the model reads 32"),
        ("broken", {}, "model", "cannot be loaded"),
    ],
)
def test_what_is_wrong_is_named(http, model, fields, param, message):
    answer = ask(http, model, **fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert message in answer.json()["error"]["message"]


def test_a_body_that_is_none_is_refused_in_our_envelope(http):
    answer = http.post("/v1/embeddings", json={"model": "x"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")


def test_the_texts_of_requests_take_turns_and_who_hangs_up_wants_no_more(monkeypatch, tmp_path):
    seen: list[str] = []

    class Slow:
        dimensions = 1

        def embed(self, text: str) -> Embedded:
            seen.append(text)
            return Embedded(np.ones(1, np.float32), 1)

    monkeypatch.setattr(Embedder, "load", lambda source, threads: Slow())

    async def main() -> None:
        desk = Desk(Settings(data_dir=tmp_path))

        def ask(*texts: str) -> "asyncio.Task[object]":
            body = {"model": "x", "input": list(texts), "burnish": {"base": "b", "kind": "embedder"}}
            return asyncio.create_task(desk.answer(ServedEmbedding.model_validate(body)))

        many, few = ask(*["many"] * 1000), ask("few")
        await few
        many.cancel()
        await asyncio.gather(many, return_exceptions=True)
        assert desk.users == 0
        desk.close()

    asyncio.run(main())
    assert seen.index("few") < 3
    assert len(seen) < 1000


def test_a_model_that_could_not_be_loaded_is_tried_again(http, tmp_path):
    place = tmp_path / "late"
    assert ask(http, str(place)).status_code == 400
    write_static(tmp_path).rename(place)
    assert ask(http, str(place)).status_code == 200


def test_nobody_waits_in_the_end(http):
    assert http.get("/health").json() == {"status": "ok", "users": 0}
