from tests.rows import NOW, exchange
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0004 import ROWS as OLD

ROWS = OLD | {
    "exchanges": {
        "number": 3,
        "id": "resp_1",
        "kind": "response",
        "created_at": NOW,
        "model": "tiny",
        "project": "b",
        "metadata": '{"a": "b"}',
        "request": '{"input": []}',
        "answer": '{"id": "resp_1"}',
    },
    "exchange_metadata": {"exchange_id": "resp_1", "key": "a", "value": "b"},
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0005", ROWS)
    kept = exchange(
        "resp_1",
        kind="response",
        project="b",
        metadata={"a": "b"},
        request={"input": []},
        answer={"id": "resp_1"},
    )
    assert store.exchanges.page("response", metadata={"a": "b"}).items == [kept]
    store.close()


def test_a_store_without_exchanges_takes_them(database_url: str):
    store = filled(database_url, "0004", OLD)
    store.exchanges.insert(exchange("chatcmpl-1", metadata={"a": "b"}))
    assert store.exchanges.require("chat.completion", "chatcmpl-1").metadata == {"a": "b"}
    store.close()
