import pytest

from burnish.core.errors import NotFound
from burnish.core.records import NewEvent
from burnish.store.store import Store
from tests.rows import NOW, job


def test_events_are_numbered_per_job_from_one(store: Store):
    store.jobs.insert(job("ftjob-a"), NewEvent("a1"))
    store.jobs.insert(job("ftjob-b"), NewEvent("b1"))
    store.events.append("ftjob-a", [NewEvent("a2"), NewEvent("a3", "warn")], now=NOW + 5)
    store.events.append("ftjob-b", [NewEvent("b2", type="metrics", data={"step": 1})], now=NOW + 6)
    assert [(event.number, event.message, event.created_at) for event in store.events.all("ftjob-a")] == [
        (1, "a1", NOW),
        (2, "a2", NOW + 5),
        (3, "a3", NOW + 5),
    ]
    last = store.events.all("ftjob-b")[-1]
    assert (last.number, last.type, last.data, last.level) == (2, "metrics", {"step": 1}, "info")


def test_events_are_paged_newest_first(store: Store):
    store.jobs.insert(job("ftjob-a"), NewEvent("1"))
    store.events.append("ftjob-a", [NewEvent("2"), NewEvent("3")], now=NOW)
    first = store.events.page("ftjob-a", limit=2)
    rest = store.events.page("ftjob-a", after=first.items[-1].id, limit=2)
    assert ([event.message for event in first.items], first.has_more) == (["3", "2"], True)
    assert ([event.message for event in rest.items], rest.has_more) == (["1"], False)


def test_an_unknown_job_has_no_events(store: Store):
    with pytest.raises(NotFound):
        store.events.append("ftjob-nowhere", [NewEvent("lost")], now=NOW)
