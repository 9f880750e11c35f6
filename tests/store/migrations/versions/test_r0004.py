from burnish.core.webhook import Attempt, Delivery, WebhookEvent
from burnish.store.outbox import Subscription
from tests.rows import NOW
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0003 import ROWS as OLD

ROWS = OLD | {
    "webhook_events": {
        "number": 3,
        "id": "evt_1",
        "created_at": NOW,
        "type": "fine_tuning.job.failed",
        "project": "b",
        "subject": "ftjob-a",
        "is_spread": True,
    },
    "webhook_deliveries": {
        "event_id": "evt_1",
        "endpoint": "alerts",
        "status": "pending",
        "began_at": NOW + 0.25,
        "due": NOW + 5.5,
        "attempts": '[{"at": 1800000000, "seconds": 0.5, "status": null, "error": "ConnectError"}]',
    },
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0004", ROWS)
    event = WebhookEvent("evt_1", NOW, "fine_tuning.job.failed", "ftjob-a")
    tried = Attempt(NOW, 0.5, None, "ConnectError")
    assert store.outbox.latest(9) == [Delivery(event, "alerts", "pending", NOW + 0.25, NOW + 5.5, None, (tried,))]
    assert store.outbox.claim("alerts", limit=1, lease_s=1, now=NOW + 5) == []
    assert len(store.outbox.claim("alerts", limit=1, lease_s=1, now=NOW + 6)) == 1
    store.close()


def test_what_happened_before_is_not_told(database_url: str):
    store = filled(database_url, "0003", OLD)
    assert store.outbox.spread({"alerts": Subscription(["fine_tuning.job.failed"], None)}, now=NOW) == 0
    store.close()
