"""How patient an endpoint's asker is; what a Chat makes of it stands in test_chat.py."""

import asyncio
import logging

import httpx2
import pytest

from burnish.core.errors import BurnishError, Busy, InvalidRequest, Unavailable
from burnish.remote.endpoint import LONGEST_PAUSE_S, Endpoint, describe
from burnish.settings import Remote
from tests.fakes import FakeSleep


def asked(*replies: httpx2.Response | Exception, faults_pass: bool = True, **changes: object):
    """What an endpoint with these replies gives, the bodies that it was sent, and the pauses between."""
    left, bodies, sleep = list(replies), [], FakeSleep()

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append((str(request.url), request.content))
        reply = left.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def main():
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            remote = Remote(base_url="http://judge/v1/", **changes)
            endpoint = Endpoint(remote, "judge", client=client, faults_pass=faults_pass, sleep=sleep)
            try:
                return await endpoint.answer("/path", {"a": 1})
            except BurnishError as error:
                return error

    return asyncio.run(main()), bodies, sleep.pauses_s


def status(code: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(code, json={"error": {"message": "no"}}, headers=headers)


def test_the_path_follows_the_base_and_the_body_names_the_model():
    response, bodies, _ = asked(httpx2.Response(200, json={}), model="there")
    assert response.status_code == 200
    assert bodies == [("http://judge/v1/path", b'{"a":1,"model":"there"}')]


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_it_asks_as_often_as_the_settings_say(attempts: int, caplog):
    caplog.set_level(logging.WARNING)
    error, bodies, pauses = asked(*[status(503)] * 9, attempts=attempts)
    assert isinstance(error, Unavailable)
    assert f"tried {'once' if attempts == 1 else f'{attempts} times'}" in error.message
    assert (len(bodies), len(pauses)) == (attempts, attempts - 1)
    assert [record.attempt for record in caplog.records] == list(range(1, attempts))


def test_pauses_double_and_retry_after_goes_before_them():
    headers = {"retry-after": "7"}
    _, _, pauses = asked(status(500), status(408), status(429, **headers), httpx2.Response(200))
    assert 0.375 <= pauses[0] <= 0.625
    assert 0.75 <= pauses[1] <= 1.25
    assert pauses[2] == 7.0


def test_a_retry_after_beyond_patience_ends_it():
    error, bodies, pauses = asked(status(429, **{"retry-after": str(LONGEST_PAUSE_S + 1)}))
    assert isinstance(error, Busy)
    assert (len(bodies), pauses) == (1, [])


@pytest.mark.parametrize("code", [400, 401, 404, 413, 422])
def test_what_cannot_pass_is_not_asked_again(code: int):
    error, bodies, _ = asked(status(code))
    assert isinstance(error, InvalidRequest)
    assert len(bodies) == 1


def test_a_fault_that_does_not_pass_is_told_at_once():
    error, bodies, _ = asked(status(500), faults_pass=False)
    assert (type(error), error.message, error.status) == (BurnishError, "no", 500)
    assert len(bodies) == 1
    error, bodies, _ = asked(status(503), httpx2.Response(200), faults_pass=False)
    assert (error.status_code, len(bodies)) == (200, 2)


@pytest.mark.parametrize("data", ["", "<html>", "[1]", "[" * 100_000])
def test_only_an_object_is_an_answer(data: str):
    async def main() -> None:
        async with httpx2.AsyncClient() as client:
            endpoint = Endpoint(Remote(base_url="http://judge/v1"), "judge", client=client)
            assert endpoint.object_of(b'{"a": 1}') == {"a": 1}
            with pytest.raises(Unavailable, match="'judge'"):
                endpoint.object_of(data)

    asyncio.run(main())


def test_an_error_without_words_is_named():
    assert describe(httpx2.ReadTimeout("")) == "ReadTimeout"
    assert describe(httpx2.ConnectError("refused")) == "ConnectError: refused"
