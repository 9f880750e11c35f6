from burnish.store.arrivals import Arrived, Standing
from tests.rows import NOW
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0008 import ROWS as OLD

ROWS = {name: dict(row) for name, row in OLD.items()} | {
    "arrivals": {
        "kind": "run",
        "id": "evalrun_a",
        "source": "https://api.openai.com/v1",
        "came_at": NOW,
        "is_whole": False,
        "last_item": "outputitem_evalrun_a_0",
        "places": 1,
    }
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0009", ROWS)
    assert store.arrivals.standing("run", "evalrun_a", "default") == Standing.BEGUN
    assert store.arrivals.require("run", "evalrun_a") == Arrived(
        "run", "evalrun_a", "https://api.openai.com/v1", NOW, False, "outputitem_evalrun_a_0", 1
    )
    store.close()


def test_what_was_there_did_not_come_from_elsewhere(database_url: str):
    store = filled(database_url, "0008", OLD)
    assert store.arrivals.standing("run", "evalrun_a", "default") == Standing.OWN
    store.close()
