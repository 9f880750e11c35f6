import pytest

from burnish.core.errors import InvalidRequest, NotFound
from burnish.store.store import Store
from tests.rows import exchange


@pytest.fixture
def kept(store: Store) -> Store:
    for number in range(4):
        pairs = {"n": str(number), "parity": "odd" if number % 2 else "even"}
        store.exchanges.insert(exchange(f"chatcmpl-{number}", model=f"m{number // 2}", metadata=pairs))
    store.exchanges.insert(exchange("resp_1", kind="response"))
    return store


def ids(page):
    return [each.id for each in page.items]


def test_an_exchange_comes_back_as_it_was(kept):
    assert kept.exchanges.require("chat.completion", "chatcmpl-1") == exchange(
        "chatcmpl-1", model="m0", metadata={"n": "1", "parity": "odd"}
    )


def test_one_of_another_kind_or_project_is_not_there(kept):
    for there, kind in ((kept, "response"), (kept.of("other"), "chat.completion")):
        with pytest.raises(NotFound, match="chatcmpl-1"):
            there.exchanges.require(kind, "chatcmpl-1")
        with pytest.raises(NotFound):
            there.exchanges.delete(kind, "chatcmpl-1")
        with pytest.raises(NotFound):
            there.exchanges.set_metadata(kind, "chatcmpl-1", None)
    assert kept.of("other").exchanges.page("chat.completion").items == []


def test_pages_go_either_way(kept):
    table = kept.exchanges
    assert ids(table.page("chat.completion")) == [f"chatcmpl-{n}" for n in range(4)]
    page = table.page("chat.completion", after="chatcmpl-3", limit=2, descending=True)
    assert (ids(page), page.has_more) == (["chatcmpl-2", "chatcmpl-1"], True)
    with pytest.raises(InvalidRequest):
        table.page("chat.completion", after="resp_1")


def test_lists_are_of_a_model_and_of_pairs(kept):
    assert ids(kept.exchanges.page("chat.completion", model="m1")) == ["chatcmpl-2", "chatcmpl-3"]
    assert ids(kept.exchanges.page("chat.completion", metadata={"parity": "odd"})) == ["chatcmpl-1", "chatcmpl-3"]
    assert ids(kept.exchanges.page("chat.completion", metadata={"parity": "odd", "n": "1"})) == ["chatcmpl-1"]


def test_metadata_is_replaced(kept):
    kept.exchanges.set_metadata("chat.completion", "chatcmpl-1", {"x": "y"})
    assert ids(kept.exchanges.page("chat.completion", metadata={"n": "1"})) == []
    assert ids(kept.exchanges.page("chat.completion", metadata={"x": "y"})) == ["chatcmpl-1"]
    assert kept.exchanges.set_metadata("chat.completion", "chatcmpl-1", None).metadata is None


def test_an_answer_is_replaced_unless_it_was_deleted(kept):
    kept.exchanges.set_answer("resp_1", {"status": "completed"})
    assert kept.exchanges.require("response", "resp_1").answer == {"status": "completed"}
    kept.exchanges.delete("response", "resp_1")
    kept.exchanges.set_answer("resp_1", {"status": "failed"})
    with pytest.raises(NotFound):
        kept.exchanges.require("response", "resp_1")
