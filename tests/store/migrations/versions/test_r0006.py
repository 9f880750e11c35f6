from burnish.core.following import Following
from burnish.core.records import NewEvent
from tests.rows import NOW
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0005 import ROWS as OLD

ROWS = OLD | {
    "followers": {
        "job_id": "ftjob-a",
        "kind": "wandb",
        "status": "open",
        "position": 0,
        "failures": 2,
        "due": NOW + 5.5,
    }
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0006", ROWS)
    store.events.append("ftjob-a", [NewEvent("news")], now=NOW)
    assert store.followers.claim("wandb", "one", limit=9, lease_s=60, now=NOW + 5) == []
    expected = [Following("ftjob-a", "wandb", 0, 2)]
    assert store.followers.claim("wandb", "one", limit=9, lease_s=60, now=NOW + 6) == expected
    store.close()


def test_jobs_that_were_there_are_not_followed(database_url: str):
    store = filled(database_url, "0005", OLD)
    store.events.append("ftjob-a", [NewEvent("news")], now=NOW)
    assert store.followers.claim("wandb", "one", limit=9, lease_s=60, now=NOW * 2) == []
    store.close()
