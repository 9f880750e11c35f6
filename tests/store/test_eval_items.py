import pytest

from burnish.core.errors import NotFound
from burnish.core.evaluation import Outcome
from burnish.store import eval_items
from burnish.store.store import Store
from tests.rows import NOW, eval_item, eval_run, evaluation

RUN = "evalrun_1"


@pytest.fixture
def kept(store: Store) -> Store:
    """Places 2, 0, 1 in this order of being done; 1 failed."""
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(eval_run(RUN, "eval_1"))
    store.eval_runs.claim(60, NOW)
    for place in (2, 0, 1):
        store.eval_runs.add(RUN, 1, Outcome([eval_item(RUN, place, passed=place != 1)], {}))
    return store


def places(page):
    return [item.place for item in page.items]


def test_an_item_comes_back_as_it_was(kept):
    assert kept.eval_items.require(RUN, f"outputitem_{RUN}_2") == eval_item(RUN, 2)
    with pytest.raises(NotFound, match="outputitem_x"):
        kept.eval_items.require(RUN, "outputitem_x")
    with pytest.raises(NotFound):
        kept.eval_items.require("evalrun_2", f"outputitem_{RUN}_2")


def test_pages_go_in_the_order_of_being_done(kept):
    assert places(kept.eval_items.page(RUN)) == [2, 0, 1]
    assert places(kept.eval_items.page(RUN, after=f"outputitem_{RUN}_2")) == [0, 1]
    assert places(kept.eval_items.page(RUN, descending=True, limit=1)) == [1]
    assert places(kept.eval_items.page(RUN, status="fail")) == [1]


def test_a_walk_goes_by_place(kept, monkeypatch):
    monkeypatch.setattr(eval_items, "_AT_ONCE", 2)
    assert [item.place for item in kept.eval_items.walk(RUN)] == [0, 1, 2]
    assert [item.row for item in kept.eval_items.walk(RUN, [2, 0])] == [0, 2]
    assert list(kept.eval_items.walk(RUN, [])) == []
