import asyncio
import json

import httpx2
import pytest

from burnish.core.errors import GraderUnavailable, TooLarge
from burnish.remote.poster import CONCURRENCY, MAX_BYTES, HttpPoster


def posted(reply: httpx2.Response | Exception, body: object = None, headers: dict[str, str] | None = None):
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def main():
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            poster = HttpPoster(client=client)
            return await poster.post("http://grader.test/x?a=1", body or {"item": "ü"}, headers or {})

    return asyncio.run(main()), requests


def test_json_goes_out_with_the_headers_and_json_comes_back():
    answer, [request] = posted(httpx2.Response(201, json={"score": 1}), headers={"Authorization": "key"})
    assert answer == {"score": 1}
    assert (request.method, str(request.url)) == ("POST", "http://grader.test/x?a=1")
    assert json.loads(request.content) == {"item": "ü"}
    assert (request.headers["authorization"], request.headers["content-type"]) == ("key", "application/json")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (httpx2.Response(500), "HTTP 500"),
        (httpx2.Response(404), "HTTP 404"),
        (httpx2.Response(302, headers={"location": "http://other.test"}), "HTTP 302; redirects are not followed"),
        (httpx2.Response(200, text="<html>"), "not JSON"),
        (httpx2.Response(200, text="[" * 100_000), "not JSON"),
        (httpx2.Response(200, content=b"1" * (MAX_BYTES + 1)), "more than 1048576 bytes"),
        (httpx2.ConnectError("refused"), "ConnectError: refused"),
        (httpx2.ReadTimeout(""), "ReadTimeout"),
    ],
)
def test_everything_else_is_the_endpoints_failure(reply, words):
    with pytest.raises(GraderUnavailable, match=words):
        posted(reply)


def test_a_body_that_is_too_large_is_not_sent():
    with pytest.raises(TooLarge, match="at most 1048576 are sent"):
        posted(httpx2.Response(200, json={}), {"item": "a" * MAX_BYTES})


def test_half_a_character_is_sent_all_the_same():
    _, [request] = posted(httpx2.Response(200, json={}), {"item": "\ud800"})
    assert json.loads(request.content) == {"item": "\ud800"}


def test_an_endpoint_that_hangs_is_given_up():
    async def hang(request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(hang)) as client:
            with pytest.raises(GraderUnavailable, match=r"no answer within 0\.01 s"):
                await HttpPoster(timeout_s=0.01, client=client).post("http://grader.test", {}, {})

    asyncio.run(main())


def test_no_more_requests_than_allowed_are_under_way():
    under_way = peak = 0

    async def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return httpx2.Response(200, json={})

    async def main() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            poster = HttpPoster(client=client)
            await asyncio.gather(*(poster.post("http://grader.test", {}, {}) for _ in range(2 * CONCURRENCY)))

    asyncio.run(main())
    assert peak == CONCURRENCY
