from tests.rows import NOW
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0006 import ROWS as OLD

ROWS = OLD | {
    "feedback": {
        "number": 1,
        "id": "fb_a",
        "created_at": NOW,
        "project": "default",
        "model": "tiny",
        "messages": '[{"role": "user", "content": "hello"}]',
        "answer": "hi",
        "rating": "up",
    }
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0007", ROWS)
    kept = store.feedback.require("fb_a")
    assert (kept.messages, kept.rating, kept.note) == ([{"role": "user", "content": "hello"}], "up", None)
    store.close()


def test_there_is_none_from_before(database_url: str):
    store = filled(database_url, "0006", OLD)
    assert store.feedback.page().items == []
    store.close()
