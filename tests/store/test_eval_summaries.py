import pytest

from burnish.core.errors import NotFound
from burnish.core.evaluation import Tally
from burnish.core.records import NewEvent
from burnish.store.store import Store
from tests.rows import eval_run, evaluation, job


def _page(store: Store, **asked: object):
    given = {"origin": None, "search": None, "after": None, "limit": 10, "points": 3}
    return store.eval_summaries.page(**(given | asked))


def _ids(store: Store, **asked: object) -> list[str]:
    return [each.made.id for each in _page(store, **asked).items]


def _runs(store: Store, eval_id: str, *passed: int, steps: bool = False) -> None:
    for place, number in enumerate(passed):
        step = 2 * place if steps else None
        tally = Tally(4, passed=number, failed=4 - number)
        store.eval_runs.insert(eval_run(f"evalrun_{eval_id}_{place}", eval_id, tally=tally, step=step))


def test_a_summary_counts_runs_and_ends_with_the_last(store: Store):
    store.evals.insert(evaluation("eval_a"))
    _runs(store, "eval_a", 0, 1, 2, 3, 4)
    [found] = _page(store).items
    assert (found.runs, found.job_name) == (5, None)
    assert found.last == store.eval_runs.require("evalrun_eval_a_4")
    assert found.curve == [(1, 0.0), (3, 0.5), (5, 1.0)]


def test_an_eval_without_runs_and_a_run_without_answers_have_no_point(store: Store):
    store.evals.insert(evaluation("eval_a"))
    [found] = _page(store).items
    assert (found.runs, found.last, found.curve) == (0, None, [])
    store.eval_runs.insert(eval_run("evalrun_a", "eval_a"))
    [found] = _page(store).items
    assert (found.runs, found.curve) == (1, [])


def test_evals_of_jobs_are_parted_from_others_and_go_by_steps(store: Store):
    store.jobs.insert(job("ftjob-a", suffix="Security_review"), NewEvent("created"))
    store.evals.insert(evaluation("eval_a"))
    store.evals.insert(evaluation("eval_b", job_id="ftjob-a", phase="valid"))
    _runs(store, "eval_b", 1, 3, steps=True)
    assert (_ids(store, origin="request"), _ids(store, origin="job")) == (["eval_a"], ["eval_b"])
    [found] = _page(store, origin="job").items
    assert (found.job_name, found.curve) == ("Security_review", [(0, 0.25), (2, 0.75)])


def test_evals_are_found_by_their_names_and_by_their_jobs(store: Store):
    store.jobs.insert(job("ftjob-a", suffix="Security_review"), NewEvent("created"))
    store.evals.insert(evaluation("eval_1", name="100% sure"))
    store.evals.insert(evaluation("eval_2", job_id="ftjob-a", phase="valid"))
    found = {search: _ids(store, search=search) for search in ("SECURITY_", "0% S", "L_1", "ftjob-a", "nothing")}
    assert found == {
        "SECURITY_": ["eval_2"],
        "0% S": ["eval_1"],
        "L_1": ["eval_1"],
        "ftjob-a": ["eval_2"],
        "nothing": [],
    }


def test_one_eval_is_summed_up_for_its_own_project(store: Store):
    store.evals.insert(evaluation("eval_a"))
    _runs(store, "eval_a", 1)
    assert store.eval_summaries.require("eval_a", points=2) == _page(store).items[0]
    with pytest.raises(NotFound, match="eval_a"):
        store.of("another").eval_summaries.require("eval_a", points=2)


def test_pages_go_on_and_other_projects_see_nothing(store: Store):
    for name in ("eval_a", "eval_b", "eval_c"):
        store.evals.insert(evaluation(name))
    first = _page(store, limit=2)
    assert ([each.made.id for each in first.items], first.has_more) == (["eval_c", "eval_b"], True)
    assert _ids(store, after="eval_b") == ["eval_a"]
    assert _page(store.of("another")).items == []
