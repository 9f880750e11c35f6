from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from burnish.core.errors import StoreUnavailable
from burnish.core.job import JobStatus
from burnish.core.records import Job
from burnish.follow.follower import FAILURES, LEASE_S, Follower
from burnish.store.store import Store, store_at
from tests.follow.followed import commit, end, queued
from tests.rows import NOW


class Shelf:
    """Logs, as they stand; each opening is a new list."""

    def __init__(self, error: Exception | None = None, announcement: str | None = None) -> None:
        self.error = error
        """What every use of a log raises while it is set."""
        self.announcement = announcement
        self.opened: list[list[int]] = []
        """The steps of each opening."""
        self.closed: list[str] = []

    def open(self, _job: Job) -> "Shelf":
        if self.error is not None:
            raise self.error
        self.opened.append([])
        return self

    def write(self, step: int, at: int, values: Mapping[str, float]) -> None:
        if self.error is not None:
            raise self.error
        assert at == NOW + step
        assert values["scores/train_reward_mean"] == step / 4
        self.opened[-1].append(step)

    def flush(self) -> None:
        return

    def close(self, job: Job) -> None:
        self.closed.append(job.status)

    def drop(self) -> None:
        self.closed.append("dropped")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    yield store
    store.close()


def follower(store: Store, shelf: Shelf, owner: str = "one", now: float = NOW + 100) -> Follower:
    return Follower("wandb", store, shelf.open, owner, clock=lambda: now)


def messages(store: Store, level: str = "warn") -> list[str]:
    return [event.message for event in store.events.all("ftjob-a") if event.level == level]


def test_steps_are_written_as_they_come_and_the_log_is_closed_at_the_end(store: Store):
    shelf = Shelf()
    following, claimed = follower(store, shelf), queued(store, "wandb")
    following.turn()
    assert shelf.opened == []  # nothing to write yet
    commit(store, claimed, 0, 1)
    following.turn()
    assert shelf.opened == [[0, 1]]
    commit(store, claimed, 2)
    following.turn()
    following.turn()
    assert (shelf.opened, shelf.closed) == ([[0, 1, 2]], [])
    end(store, claimed)
    following.turn()
    following.turn()
    assert (shelf.opened, shelf.closed) == ([[0, 1, 2]], ["succeeded"])
    assert messages(store) == []


def test_a_paused_jobs_log_is_closed_and_told_everything_again_when_it_goes_on(store: Store):
    shelf = Shelf()
    following, claimed = follower(store, shelf), queued(store, "wandb")
    commit(store, claimed, 0, 1)
    end(store, claimed, JobStatus.PAUSED)
    following.turn()
    following.turn()
    assert (shelf.opened, shelf.closed) == ([[0, 1]], ["paused"])
    store.jobs.resume("ftjob-a", now=NOW)
    again = store.jobs.claim("worker", [JobStatus.QUEUED], 1e9, NOW)
    assert again is not None
    following.turn()
    assert len(shelf.opened) == 1  # not before there is a point more
    commit(store, again, 2)
    following.turn()
    assert shelf.opened == [[0, 1], [0, 1, 2]]


def test_the_next_follower_goes_on_where_one_died_once_its_lease_is_over(store: Store):
    first, second = Shelf(), Shelf()
    claimed = queued(store, "wandb")
    commit(store, claimed, 0, 1)
    follower(store, first).turn()
    commit(store, claimed, 2)
    follower(store, second, "two").turn()
    assert second.opened == []
    follower(store, second, "two", NOW + 101 + LEASE_S).turn()
    assert second.opened == [[0, 1, 2]]


def test_a_follower_that_stops_closes_its_logs_and_leaves_them_to_the_next_at_once(store: Store):
    first, second = Shelf(), Shelf()
    following, claimed = follower(store, first), queued(store, "wandb")
    commit(store, claimed, 0)
    following.turn()
    following.close()
    assert first.closed == ["running"]
    commit(store, claimed, 1)
    follower(store, second, "two").turn()
    assert second.opened == [[0, 1]]


def test_the_end_is_told_by_a_follower_that_saw_no_step(store: Store):
    first, second = Shelf(), Shelf()
    following, claimed = follower(store, first), queued(store, "wandb")
    commit(store, claimed, 0, 1)
    following.turn()
    following.close()
    end(store, claimed, JobStatus.FAILED)
    follower(store, second, "two").turn()
    assert (second.opened, second.closed) == ([[0, 1]], ["failed"])


def test_a_job_that_ends_without_a_step_has_no_log(store: Store):
    shelf = Shelf()
    end(store, queued(store, "wandb"), JobStatus.FAILED)
    follower(store, shelf).turn()
    assert (shelf.opened, shelf.closed) == ([], [])


def test_a_failure_is_one_warning_and_the_job_is_followed_when_it_has_passed(store: Store):
    shelf = Shelf(OSError("no route to host."))
    claimed = queued(store, "wandb")
    commit(store, claimed, 0)
    for now in (NOW + 100, NOW + 104, NOW + 106, NOW + 300):
        follower(store, shelf, now=now).turn()
    assert messages(store) == [
        "Weights & Biases does not follow at present: no route to host. The job goes on, and it is tried again"
    ]
    assert store.jobs.require("ftjob-a").status is JobStatus.RUNNING
    shelf.error = None
    follower(store, shelf, now=NOW + 1000).turn()
    assert shelf.opened == [[0]]


def test_a_log_that_fails_while_it_is_open_is_opened_again(store: Store):
    shelf = Shelf()
    following, claimed = follower(store, shelf), queued(store, "wandb")
    commit(store, claimed, 0, 1)
    following.turn()
    shelf.error = RuntimeError("gone")
    commit(store, claimed, 2)
    following.turn()
    shelf.error = None
    following.clock = lambda: NOW + 200.0
    following.turn()
    assert (shelf.opened, shelf.closed) == ([[0, 1], [0, 1, 2]], ["dropped"])
    assert len(messages(store)) == 1


def test_a_job_is_given_up_after_so_many_failures_and_says_so(store: Store):
    shelf = Shelf(OSError("no key"))
    claimed = queued(store, "wandb")
    commit(store, claimed, 0)
    now = NOW + 100.0
    for _ in range(FAILURES + 3):
        follower(store, shelf, now=now).turn()
        now += 1e5
    assert messages(store)[1:] == [f"Weights & Biases follows the job no more, after {FAILURES} tries: no key"]
    shelf.error = None
    follower(store, shelf, now=now).turn()
    assert shelf.opened == []


def test_other_jobs_are_followed_while_one_fails(store: Store):
    shelf = Shelf()

    def open_log(job: Job) -> Shelf:
        if job.id == "ftjob-a":
            raise OSError("not this one")
        return shelf.open(job)

    for name in ("ftjob-a", "ftjob-b"):
        commit(store, queued(store, "wandb", name), 0)
    Follower("wandb", store, open_log, "one", clock=lambda: NOW + 100).turn()
    assert shelf.opened == [[0]]


def test_what_the_log_is_called_is_said_once_however_often_it_is_opened(store: Store):
    shelf = Shelf(announcement="It is at https://x")
    claimed = queued(store, "wandb")
    for step in (0, 1, 2):
        commit(store, claimed, step)
        following = follower(store, shelf)
        following.turn()
        following.close()
    assert len(shelf.opened) == 3
    assert messages(store, "info").count("It is at https://x") == 1


def test_a_store_that_is_away_doubles_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    shelf = Shelf()
    following, claimed = follower(store, shelf), queued(store, "wandb")
    commit(store, claimed, 0, 1)

    def away(*_: object, **__: object) -> bool:
        raise StoreUnavailable("locked")

    with monkeypatch.context() as patched:
        patched.setattr(type(store.followers), "advance", away)
        with pytest.raises(StoreUnavailable):
            following.turn()
    commit(store, claimed, 2)
    following.turn()
    assert shelf.opened == [[0, 1, 2]]


def test_jobs_of_another_kind_are_left_to_theirs(store: Store):
    shelf = Shelf()
    commit(store, queued(store, "tensorboard"), 0)
    follower(store, shelf).turn()
    assert shelf.opened == []
