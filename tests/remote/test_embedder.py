import asyncio
import json

import httpx2
import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest
from burnish.remote.embedder import RemoteEmbedder
from burnish.settings import Remote
from tests.fakes import FakeSleep

TEXTS = ["a", "b"]


def vectors(*rows: tuple[int, object]) -> httpx2.Response:
    return httpx2.Response(200, json={"data": [{"index": index, "embedding": vector} for index, vector in rows]})


def embedded(*replies: httpx2.Response):
    left, sent = list(replies), []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append((str(request.url), json.loads(request.content)))
        return left.pop(0)

    async def main():
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            remote = Remote(base_url="http://here/v1", model="e-large", attempts=2)
            return await RemoteEmbedder(remote, "e", client=client, sleep=FakeSleep()).embed(TEXTS)

    return asyncio.run(main()), sent


def test_vectors_come_in_the_order_of_the_texts():
    found, sent = embedded(vectors((1, [0, 1]), (0, [1.5, 0])))
    assert found == [[1.5, 0.0], [0.0, 1.0]]
    assert sent == [
        ("http://here/v1/embeddings", {"input": TEXTS, "encoding_format": "float", "model": "e-large"}),
    ]


def test_a_busy_endpoint_is_asked_again():
    found, sent = embedded(httpx2.Response(503), vectors((0, [1]), (1, [2])))
    assert (found, len(sent)) == ([[1.0], [2.0]], 2)


@pytest.mark.parametrize(
    "reply",
    [
        vectors((0, [1.0])),
        vectors((0, [1.0]), (1, [1.0, 2.0])),
        vectors((0, "AAAA"), (1, "AAAA")),
        httpx2.Response(200, json={"data": None}),
        httpx2.Response(200, json={}),
        httpx2.Response(200, text="<html>"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_the_endpoints_failure(reply: httpx2.Response):
    with pytest.raises(GraderUnavailable, match="Embedding model 'e' gave no answer"):
        embedded(reply)


def test_an_endpoint_that_stays_away_and_one_that_refuses():
    with pytest.raises(GraderUnavailable, match="tried 2 times"):
        embedded(httpx2.Response(500), httpx2.Response(500))
    with pytest.raises(InvalidRequest, match="too long"):
        embedded(httpx2.Response(400, json={"error": {"message": "too long"}}))


def test_what_is_extra_goes_along_and_the_client_is_closed_with_the_embedder():
    bodies = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return vectors((0, [1]), (1, [2]))

    async def main() -> None:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        embedder = RemoteEmbedder(
            Remote(base_url="http://here/v1"), "e", extra={"burnish": {"base": "e"}}, client=client
        )
        await embedder.embed(TEXTS)
        await embedder.aclose()
        assert client.is_closed

    asyncio.run(main())
    assert bodies == [{"input": TEXTS, "encoding_format": "float", "burnish": {"base": "e"}, "model": "e"}]
