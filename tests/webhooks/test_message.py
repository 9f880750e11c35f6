import base64
import json
import time
from datetime import UTC, datetime

import openai
import pytest
from openai.types.webhooks import FineTuningJobSucceededWebhookEvent
from standardwebhooks import Webhook as Signer

from burnish.core.webhook import WebhookEvent
from burnish.settings import Webhook
from burnish.webhooks.message import body_of, headers_of
from tests.receiver import SECRET

EVENT = WebhookEvent("evt_1", 1_800_000_000, "fine_tuning.job.succeeded", "ftjob-a")
OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()


def _hook(**changes: object) -> Webhook:
    return Webhook.model_validate({"url": "https://example.com/hook", "secret": SECRET} | changes)


def _unwrap(hook: Webhook, secret: str, signed_at: float) -> object:
    """What the official client makes of it, now."""
    client = openai.OpenAI(api_key="none", webhook_secret=secret)
    return client.webhooks.unwrap(body_of(EVENT), headers_of(EVENT, hook, signed_at))


def test_a_signature_is_that_of_the_standards_own_example():
    signed = Signer(SECRET).sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), '{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_payload_is_openais():
    assert json.loads(body_of(EVENT)) == {
        "id": "evt_1",
        "object": "event",
        "created_at": 1_800_000_000,
        "type": "fine_tuning.job.succeeded",
        "data": {"id": "ftjob-a"},
    }


def test_the_headers_carry_id_moment_and_signature():
    headers = headers_of(EVENT, _hook(), 1_800_000_007.9)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("evt_1", "1800000007")
    assert headers["webhook-signature"].startswith("v1,")
    assert headers["user-agent"].startswith("Burnish/")


def test_the_official_client_takes_what_was_signed_just_now_however_old_the_event():
    event = _unwrap(_hook(), SECRET, time.time())
    assert isinstance(event, FineTuningJobSucceededWebhookEvent)
    assert (event.id, event.data.id, event.created_at) == ("evt_1", "ftjob-a", 1_800_000_000)


@pytest.mark.parametrize("skew_s", [-310, 310], ids=["behind", "ahead"])
def test_the_official_client_refuses_a_clock_that_is_five_minutes_off(skew_s: int):
    with pytest.raises(openai.InvalidWebhookSignatureError, match="timestamp is too"):
        _unwrap(_hook(), SECRET, time.time() + skew_s)


def test_the_official_client_refuses_another_secrets_signature():
    with pytest.raises(openai.InvalidWebhookSignatureError, match="does not match"):
        _unwrap(_hook(), OTHER, time.time())


@pytest.mark.parametrize("known", [SECRET, OTHER])
def test_while_a_secret_is_changed_both_are_good(known: str):
    assert _unwrap(_hook(secret=OTHER, old_secret=SECRET), known, time.time())
