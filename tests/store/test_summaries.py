import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.store import Store
from burnish.store.summaries import extremes
from tests.rows import NOW, job


def _insert(store: Store, name: str, **changes: object) -> None:
    store.jobs.insert(job(name, **changes), NewEvent("created"))


def _page(store: Store, **asked: object):
    given = {"status": None, "search": None, "after": None, "limit": 10, "points": 3}
    return store.summaries.page(**(given | asked))


def _steps(store: Store, name: str, count: int) -> None:
    events = [
        NewEvent("step", type="metrics", data={"step": step, "total_steps": count}) for step in range(1, count + 1)
    ]
    store.events.append(name, [NewEvent("plan", data={"rows": 1}), *events], now=NOW)


def test_jobs_are_found_by_any_of_their_names_in_any_case(store: Store):
    _insert(store, "ftjob-a", suffix="Security_review")
    _insert(store, "ftjob-b", fine_tuned_model="ft:x:securityXreview")
    found = {search: [each.job.id for each in _page(store, search=search).items] for search in ("SECURITY", "y_r", "b")}
    assert found == {"SECURITY": ["ftjob-b", "ftjob-a"], "y_r": ["ftjob-a"], "b": ["ftjob-b", "ftjob-a"]}


def test_jobs_are_found_by_their_status_a_page_at_a_time(store: Store):
    for name in ("a", "b", "c"):
        _insert(store, f"ftjob-{name}", status=JobStatus.PAUSED)
    _insert(store, "ftjob-d")
    first = _page(store, status=JobStatus.PAUSED, limit=2)
    assert ([each.job.id for each in first.items], first.has_more) == (["ftjob-c", "ftjob-b"], True)
    second = _page(store, status=JobStatus.PAUSED, limit=2, after="ftjob-b")
    assert ([each.job.id for each in second.items], second.has_more) == (["ftjob-a"], False)
    with pytest.raises(InvalidRequest):
        _page(store, status=JobStatus.PAUSED, after="ftjob-d")


def test_of_a_long_job_a_few_points_are_read_its_first_and_last_among_them(store: Store):
    _insert(store, "ftjob-a")
    _steps(store, "ftjob-a", 9)
    assert [data["step"] for data in _page(store).items[0].points] == [1, 5, 9]
    _insert(store, "ftjob-b")
    _steps(store, "ftjob-b", 2)
    assert [data["step"] for data in _page(store, search="ftjob-b").items[0].points] == [1, 2]


def test_the_last_step_of_a_long_job_is_read_whatever_its_log_says_after_it(store: Store):
    _insert(store, "ftjob-a")
    _steps(store, "ftjob-a", 9)
    store.events.append("ftjob-a", [NewEvent("The job has used", data={"actual": {"usd": 1}})] * 3, now=NOW)
    assert [data["step"] for data in _page(store).items[0].points][-1] == 9


def test_metrics_go_on_after_an_event(store: Store):
    _insert(store, "ftjob-a")
    _steps(store, "ftjob-a", 3)
    numbers = [number for number, _ in store.summaries.metrics("ftjob-a", most=10)]
    assert [data["step"] for _, data in store.summaries.metrics("ftjob-a", after_event=numbers[0], most=10)] == [2, 3]
    assert store.of("another").summaries.metrics("ftjob-a", most=10) == []


def test_the_look_before_the_first_step_is_a_point(store: Store):
    _insert(store, "ftjob-a")
    store.events.append("ftjob-a", [NewEvent("look", data={"step": 0, "total_steps": 9})], now=NOW)
    _steps(store, "ftjob-a", 9)
    assert [data["step"] for data in _page(store).items[0].points] == [0, 4, 9]
    assert [data["step"] for _, data in store.summaries.metrics("ftjob-a", most=20)][:2] == [0, 1]


def test_of_many_metrics_those_with_the_ends_and_the_extremes_are_read(store: Store):
    _insert(store, "ftjob-a")
    rewards = [0.9 if step == 17 else 0.1 if step == 30 else 0.5 for step in range(1, 41)]
    store.events.append(
        "ftjob-a",
        [
            NewEvent("step", type="metrics", data={"step": step, "total_steps": 40, "train_mean_reward": reward})
            for step, reward in enumerate(rewards, start=1)
        ],
        now=NOW,
    )
    found = [data["step"] for _, data in store.summaries.metrics("ftjob-a", most=16)]
    assert len(found) <= 8
    assert {1, 17, 30, 40} <= set(found)


def test_extremes_are_those_of_runs_of_neighbours():
    assert extremes([(1, 0.5), (2, 0.1), (3, 0.9), (4, 0.5), (5, 0.4), (6, 0.5)], 4) == {1, 2, 3, 6}
    assert extremes([(1, 0.5)], 4) == {1}
