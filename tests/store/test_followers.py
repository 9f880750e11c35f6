import pytest
import sqlalchemy as sa

from burnish.core.following import Following
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.store import Store
from burnish.store.tables import followers
from tests.rows import NOW, job

LEASE = 60.0


def _add(store: Store, job_id: str = "ftjob-a", *kinds: str) -> None:
    new = job(job_id, status=JobStatus.QUEUED)
    store.jobs.insert(new, NewEvent("created"), followers=kinds or ["wandb"])  # type: ignore[arg-type]


def _claim(store: Store, owner: str = "one", now: float = NOW, limit: int = 9) -> list[Following]:
    return store.followers.claim("wandb", owner, limit=limit, lease_s=LEASE, now=now)


def _advance(store: Store, following: Following, owner: str = "one", **changes) -> bool:
    values = {"position": 1, "is_kept": True, "is_done": False, "now": NOW} | changes
    return store.followers.advance(following, owner, **values)


@pytest.fixture
def mine(store: Store) -> Following:
    """A job that `one` follows."""
    _add(store)
    (following,) = _claim(store)
    return following


def test_a_job_is_followed_by_those_that_it_was_written_with(store: Store):
    _add(store, "ftjob-a", "wandb", "tensorboard")
    _add(store, "ftjob-b", "tensorboard")
    assert _claim(store) == [Following("ftjob-a", "wandb", 0, 0)]
    boards = store.followers.claim("tensorboard", "two", limit=9, lease_s=LEASE, now=NOW)
    assert [each.job_id for each in boards] == ["ftjob-a", "ftjob-b"]


def test_what_is_followed_is_nobody_elses_until_the_lease_is_over(store: Store, mine: Following):
    assert _claim(store, "two") == []
    assert _claim(store, "one", NOW + LEASE / 2) == [mine]
    assert _claim(store, "two", NOW + LEASE + 1) == []  # renewed
    assert _claim(store, "two", NOW + 2 * LEASE) == [mine]


def test_a_job_without_news_stays_with_its_owner_and_is_nobody_elses_to_take(store: Store, mine: Following):
    assert _advance(store, mine)
    assert [each.position for each in _claim(store)] == [1]
    assert _advance(store, mine, is_kept=False)
    assert _claim(store) == _claim(store, "two") == []
    store.events.append("ftjob-a", [NewEvent("news")], now=NOW)
    assert [each.position for each in _claim(store, "two")] == [1]


def test_one_that_has_lost_a_job_writes_nothing(store: Store, mine: Following):
    assert _claim(store, "two", NOW + LEASE + 1) != []
    assert not _advance(store, mine, position=9, events=[NewEvent("mine")])
    assert not store.followers.fail(mine, "one", due=NOW, events=[NewEvent("mine")], now=NOW)
    assert [event.message for event in store.events.all("ftjob-a")] == ["created"]
    assert [each.position for each in _claim(store, "two", NOW + LEASE + 2)] == [0]


def test_what_is_done_is_followed_no_more(store: Store, mine: Following):
    assert _advance(store, mine, is_kept=False, is_done=True, events=[NewEvent("It is all there")])
    assert store.events.all("ftjob-a")[-1].message == "It is all there"
    assert _claim(store, now=NOW + 1e6) == []


def test_what_failed_is_due_later_and_its_failures_are_counted_until_it_goes_well(store: Store, mine: Following):
    assert store.followers.fail(mine, "one", due=NOW + 5, events=[NewEvent("oh", "warn")], now=NOW)
    assert _claim(store, now=NOW + 4) == []
    (again,) = _claim(store, "two", NOW + 5)
    assert again == Following("ftjob-a", "wandb", 0, 1)
    assert _advance(store, again, "two", position=0)
    assert [each.failures for each in _claim(store, "two", NOW + 6)] == [0]


def test_what_failed_for_good_is_followed_no_more(store: Store, mine: Following):
    assert store.followers.fail(mine, "one", due=None, events=[], now=NOW)
    assert _claim(store, now=NOW + 1e6) == []


def test_what_is_released_can_be_taken_at_once(store: Store, mine: Following):
    store.followers.release("two")
    assert _claim(store, "two") == []
    store.followers.release("one")
    assert _claim(store, "two") == [mine]


def test_a_follower_takes_no_more_than_it_wants_and_keeps_its_own_first(store: Store):
    for name in ("ftjob-c", "ftjob-b", "ftjob-a"):
        _add(store, name)
    assert [each.job_id for each in _claim(store, limit=2)] == ["ftjob-a", "ftjob-b"]
    assert [each.job_id for each in _claim(store, limit=2)] == ["ftjob-a", "ftjob-b"]
    assert [each.job_id for each in _claim(store, "two")] == ["ftjob-c"]


def test_a_job_takes_its_followers_with_it(store: Store, mine: Following):
    assert mine.job_id == "ftjob-a"
    with store.database.write() as connection:
        connection.execute(sa.text("DELETE FROM jobs"))
    with store.database.read() as connection:
        assert connection.execute(sa.select(followers)).all() == []
