import asyncio
import threading

import pytest

from burnish.core.ports import free_port
from burnish.core.webhook import Attempt, WebhookEvent
from burnish.settings import Webhook
from burnish.webhooks.sender import Sender
from tests.receiver import SECRET, receiver

NOW = 1_800_000_000
EVENT = WebhookEvent("evt_1", NOW, "fine_tuning.job.succeeded", "ftjob-a")


def _send(url: str, **changes: object) -> Attempt:
    async def main() -> Attempt:
        sender = Sender(clock=lambda: NOW + 0.7)
        try:
            return await sender.send(EVENT, Webhook.model_validate({"url": url, "secret": SECRET} | changes))
        finally:
            await sender.aclose()

    return asyncio.run(main())


@pytest.mark.parametrize("status", [200, 204])
def test_a_2xx_is_a_success(status: int):
    with receiver() as heard:
        heard.answer = lambda _: (status, {"retry-after": "7"})
        attempt = _send(heard.url)
        assert (attempt.at, attempt.status, attempt.error, attempt.retry_after_s) == (NOW, status, None, None)
        request = heard.next()
    assert request.headers["webhook-id"] == "evt_1"
    assert request.headers["content-type"] == "application/json"


def test_a_redirect_is_not_followed():
    with receiver() as heard, receiver() as elsewhere:
        heard.answer = lambda _: (307, {"location": elsewhere.url})
        attempt = _send(heard.url)
        assert (attempt.status, attempt.error) == (307, "HTTP 307; redirects are not followed")
        assert elsewhere.ids() == []


@pytest.mark.parametrize("status", [400, 401, 410, 500])
def test_any_other_answer_is_a_failure(status: int):
    with receiver() as heard:
        heard.answer = lambda _: (status, {})
        attempt = _send(heard.url)
    assert (attempt.status, attempt.error) == (status, f"HTTP {status}")


def test_a_receiver_may_ask_for_time():
    with receiver() as heard:
        heard.answer = lambda _: (503, {"retry-after": "120"})
        assert _send(heard.url).retry_after_s == 120


def test_a_receiver_that_is_down_is_a_failure_without_a_status():
    attempt = _send(f"http://127.0.0.1:{free_port('127.0.0.1')}/")
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("ConnectError")


def test_a_receiver_that_is_slow_is_left_after_the_time_limit():
    leaving = threading.Event()
    with receiver() as heard:
        heard.answer = lambda _: (leaving.wait(30) and 204, {})
        attempt = _send(heard.url, timeout_s=0.2)
        leaving.set()
    assert (attempt.status, attempt.error) == (None, "no answer within 0.2 s")


def test_what_is_no_address_after_all_is_a_failure():
    attempt = _send("http://a b/")
    assert attempt.status is None
    assert attempt.error is not None
