import pytest

from burnish.core.webhook import OPENAIS, Attempt, Delivery
from burnish.store.outbox import Subscription, insert_webhook_event
from burnish.store.store import Store
from tests.rows import NOW

ALL = Subscription(OPENAIS, None)
TRIED = Attempt(NOW, 0.5, 500, "HTTP 500")


def _happen(store: Store, subject: str, project: str = "default", kind: str = "fine_tuning.job.succeeded") -> None:
    with store.database.write() as connection:
        insert_webhook_event(connection, kind, project=project, subject=subject, now=NOW)  # type: ignore[arg-type]


def _claim(store: Store, now: float = NOW, endpoint: str = "a", limit: int = 9) -> list[Delivery]:
    return store.outbox.claim(endpoint, limit=limit, lease_s=60, now=now)


@pytest.fixture
def spread(store: Store) -> Store:
    """The events of the jobs `1` to `3`, spread to the endpoint `a`."""
    for subject in "123":
        _happen(store, subject)
    assert store.outbox.spread({"a": ALL}, now=NOW) == 3
    return store


def test_an_event_is_spread_to_those_that_want_it(store: Store):
    _happen(store, "ours", project="p")
    _happen(store, "paused", project="p", kind="fine_tuning.job.paused")
    _happen(store, "theirs", project="q")
    wanted = {"all": ALL, "p": Subscription(OPENAIS, "p"), "pauses": Subscription(["fine_tuning.job.paused"], None)}
    assert store.outbox.spread(wanted, now=NOW) == 3
    found = {name: sorted(each.event.subject for each in _claim(store, endpoint=name)) for name in wanted}
    assert found == {"all": ["ours", "theirs"], "p": ["ours"], "pauses": ["paused"]}


def test_an_event_is_spread_once(spread: Store):
    assert spread.outbox.spread({"a": ALL, "later": ALL}, now=NOW) == 0
    assert _claim(spread, endpoint="later") == []
    ids = [each.event.id for each in spread.outbox.latest(9)]
    assert len(set(ids)) == 3
    assert all(each.startswith("evt_") for each in ids)


def test_what_nobody_wanted_is_not_told_to_those_who_come_later(store: Store):
    _happen(store, "1")
    assert store.outbox.spread({}, now=NOW) == 1
    assert store.outbox.spread({"a": ALL}, now=NOW) == 0
    assert _claim(store) == []


def test_a_delivery_is_claimed_by_one_until_its_lease_runs_out(spread: Store):
    first = _claim(spread, limit=2)
    assert [each.lease for each in first] == [NOW + 60] * 2
    rest = _claim(spread)
    assert {each.event.subject for each in (*first, *rest)} == set("123")
    assert _claim(spread, NOW + 60) == []
    assert len(_claim(spread, NOW + 61)) == 3


def test_a_failed_attempt_is_written_down_and_waits_for_its_time(spread: Store):
    [delivery] = _claim(spread, limit=1)
    assert spread.outbox.record(delivery, TRIED, "pending", due=NOW + 5)
    assert delivery.event.id not in {each.event.id for each in _claim(spread, NOW + 4)}
    [again] = _claim(spread, NOW + 5)
    assert (again.event, again.attempts, again.began_at) == (delivery.event, (TRIED,), NOW)


@pytest.mark.parametrize("status", ["delivered", "failed"])
def test_what_has_ended_is_not_claimed_again(spread: Store, status: str):
    for delivery in _claim(spread):
        assert spread.outbox.record(delivery, TRIED, status, due=NOW)  # type: ignore[arg-type]
    assert _claim(spread, NOW + 10**6) == []
    assert [(each.status, len(each.attempts)) for each in spread.outbox.latest(9)] == [(status, 1)] * 3


def test_who_has_lost_a_claim_writes_nothing(spread: Store):
    slow = _claim(spread, limit=1)[0]
    taken = next(each for each in _claim(spread, NOW + 61) if each.event == slow.event)
    assert not spread.outbox.record(slow, TRIED, "failed", due=NOW)
    assert spread.outbox.record(taken, TRIED, "delivered", due=NOW)
    assert not spread.outbox.record(taken, TRIED, "failed", due=NOW)


def test_the_latest_come_first(spread: Store):
    assert [each.event.subject for each in spread.outbox.latest(2)] == ["3", "2"]
