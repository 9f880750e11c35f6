"""An event as the request that tells an endpoint of it, signed as Standard Webhooks (www.standardwebhooks.com)."""

import json
from datetime import UTC, datetime
from importlib.metadata import version

from standardwebhooks import Webhook as Signer

from burnish.core.webhook import WebhookEvent
from burnish.settings import Webhook


def body_of(event: WebhookEvent) -> str:
    """OpenAI's payload; the same text for every attempt."""
    payload = {
        "id": event.id,
        "object": "event",
        "created_at": event.created_at,
        "type": event.type,
        "data": {"id": event.subject},
    }
    return json.dumps(payload)


def headers_of(event: WebhookEvent, hook: Webhook, now: float) -> dict[str, str]:
    """The headers of an attempt at this moment, for receivers refuse what was signed some minutes ago."""
    moment = datetime.fromtimestamp(int(now), UTC)
    signatures = [Signer(secret.get_secret_value()).sign(event.id, moment, body_of(event)) for secret in hook.secrets]
    return {
        "content-type": "application/json",
        "user-agent": f"Burnish/{version('burnish')}",
        "webhook-id": event.id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(signatures),
    }
