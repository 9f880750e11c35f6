from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from burnish.core.job import JobStatus
from burnish.follow.event_file import event_file
from burnish.follow.follower import Follower
from burnish.store.store import Store, store_at
from tests.follow.followed import commit, end, queued
from tests.rows import NOW

TAGS = ["burnish/kl_mean", "scores/graders/exact/train_reward_mean", "scores/train_reward_mean"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    yield store
    store.close()


@pytest.fixture
def follower(store: Store, tmp_path: Path) -> Iterator[Callable[[], Follower]]:
    """Makes followers that write to `logs`; what they left open is closed in the end."""
    made: list[Follower] = []

    def make() -> Follower:
        made.append(
            Follower("tensorboard", store, partial(event_file, tmp_path / "logs"), "one", clock=lambda: NOW + 100)
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


def reader(directory: Path) -> EventAccumulator:
    """TensorBoard's own."""
    return EventAccumulator(str(directory / "ftjob-a"))


def rewards(found: EventAccumulator) -> list[tuple[int, float, float]]:
    found.Reload()
    return [(each.step, each.wall_time, each.value) for each in found.Scalars("scores/train_reward_mean")]


def test_tensorboard_reads_every_step_under_the_names_of_the_events(
    store: Store, tmp_path: Path, follower: Callable[[], Follower]
):
    claimed = queued(store, "tensorboard")
    following = follower()
    commit(store, claimed, 0, 1, 2)
    following.turn()
    found = reader(tmp_path / "logs")
    assert rewards(found) == [(0, NOW, 0.0), (1, NOW + 1, 0.25), (2, NOW + 2, 0.5)]
    assert sorted(found.Tags()["scalars"]) == TAGS
    commit(store, claimed, 3)
    end(store, claimed)
    following.turn()
    assert rewards(found)[3:] == [(3, NOW + 3, 0.75)]


def test_a_log_that_is_opened_again_has_every_step_once(store: Store, tmp_path: Path, follower: Callable[[], Follower]):
    """For who reads it from the start, and for who has read the file before."""
    claimed = queued(store, "tensorboard")
    commit(store, claimed, 0, 1, 2)
    follower().turn()  # and dies: nothing is closed
    watching = reader(tmp_path / "logs")
    assert len(rewards(watching)) == 3
    (left,) = (tmp_path / "logs" / "ftjob-a").iterdir()
    left.rename(left.with_name("events.out.tfevents.1000000000.elsewhere"))  # it was begun in an earlier second
    commit(store, claimed, 3)
    store.followers.release("one")
    following = follower()
    following.turn()
    end(store, claimed, JobStatus.CANCELLED)
    following.turn()
    every = [(step, NOW + step, step / 4) for step in range(4)]
    assert rewards(reader(tmp_path / "logs")) == every
    assert rewards(watching) == every
    assert len(list((tmp_path / "logs" / "ftjob-a").iterdir())) == 1


def test_every_job_has_a_directory(store: Store, tmp_path: Path, follower: Callable[[], Follower]):
    for name in ("ftjob-a", "ftjob-b"):
        commit(store, queued(store, "tensorboard", name), 0)
    follower().turn()
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["ftjob-a", "ftjob-b"]


def test_a_directory_that_cannot_be_written_to_is_a_warning(
    store: Store, tmp_path: Path, follower: Callable[[], Follower]
):
    (tmp_path / "logs").write_text("a file")
    commit(store, queued(store, "tensorboard"), 0)
    follower().turn()
    last = store.events.all("ftjob-a")[-1]
    assert last.level == "warn"
    assert last.message.startswith("TensorBoard does not follow at present: [Errno 20] Not a directory")
