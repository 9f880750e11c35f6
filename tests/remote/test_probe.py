import asyncio

import httpx2
import pytest

from burnish.remote.probe import Reached, reach
from burnish.settings import Remote

REMOTE = Remote(base_url="http://hidden.example/v1/", api_key="sk-a")


def reached(reply: httpx2.Response | Exception) -> Reached:
    """What is said of an endpoint that replies so; it must have been asked rightly."""

    def handler(request: httpx2.Request) -> httpx2.Response:
        assert (str(request.url), request.headers["authorization"]) == (
            "http://hidden.example/v1/models",
            "Bearer sk-a",
        )
        if isinstance(reply, Exception):
            raise reply
        return reply

    return asyncio.run(reach(REMOTE, httpx2.AsyncClient(transport=httpx2.MockTransport(handler))))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (httpx2.ConnectError("no route to hidden.example"), "no answer: ConnectError"),
        (httpx2.ReadTimeout("slow"), "no answer: ReadTimeout"),
        (httpx2.Response(401), "its key is refused: 401"),
        (httpx2.Response(503), "its server fails: 503"),
    ],
)
def test_what_is_of_no_use_now_is_told_without_its_address(reply, reason):
    assert reached(reply).reason == reason


@pytest.mark.parametrize("status", [200, 404])
def test_any_other_answer_will_do(status):
    found = reached(httpx2.Response(status))
    assert (found.reason, found.seconds >= 0) == (None, True)
