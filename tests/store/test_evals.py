import pytest

from burnish.core.errors import NotFound
from burnish.core.evaluation import Outcome
from burnish.store.store import Store
from tests.rows import NOW, eval_item, eval_run, evaluation


def ids(page):
    return [each.id for each in page.items]


@pytest.fixture
def kept(store: Store) -> Store:
    for number in range(3):
        store.evals.insert(evaluation(f"eval_{number}", name=f"e{number}"))
    return store


def test_an_eval_comes_back_as_it_was(kept):
    assert kept.evals.require("eval_1") == evaluation("eval_1", name="e1")


def test_one_of_another_project_is_not_there(kept):
    theirs = kept.of("other").evals
    for act in (theirs.require, theirs.delete, lambda name: theirs.update(name, {"name": "mine"}, now=NOW)):
        with pytest.raises(NotFound, match="eval_1"):
            act("eval_1")
    assert theirs.page().items == []


def test_pages_go_by_creation_or_by_the_last_change(kept):
    kept.evals.update("eval_0", {"name": "new"}, now=NOW + 5)
    assert ids(kept.evals.page()) == ["eval_0", "eval_1", "eval_2"]
    page = kept.evals.page(order_by="updated_at", descending=True, limit=2)
    assert (ids(page), page.has_more) == (["eval_0", "eval_2"], True)
    assert ids(kept.evals.page(order_by="updated_at", after="eval_1")) == ["eval_2", "eval_0"]
    assert kept.evals.require("eval_0").updated_at == NOW + 5


def test_an_eval_takes_its_runs_and_items_along(kept):
    kept.eval_runs.insert(eval_run("evalrun_1", "eval_1"))
    run = kept.eval_runs.claim(60, NOW)
    kept.eval_runs.add(run.id, run.attempt, Outcome([eval_item(run.id, 0)], {}))
    kept.evals.delete("eval_1")
    with pytest.raises(NotFound, match="evalrun_1"):
        kept.eval_runs.require("evalrun_1")
    assert kept.eval_items.page("evalrun_1").items == []
