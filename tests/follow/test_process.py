"""The processes as `burnish serve` starts them, killed at their work."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from burnish.settings import Settings, child_environment
from burnish.store.store import Store, open_store
from burnish.store.tables import followers
from tests.follow.followed import commit, end, queued
from tests.follow.weights_and_biases import written

pytestmark = pytest.mark.slow
PATIENCE_S = 90.0


@contextmanager
def started(module: str, settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", f"burnish.follow.{module}"]
    process = subprocess.Popen(command, env=child_environment(settings), stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def position(store: Store) -> tuple[int, str]:
    with store.database.read() as connection:
        return tuple(connection.execute(sa.select(followers.c.position, followers.c.status)).one())


def forget_lease(store: Store) -> None:
    """As if it had run out."""
    with store.database.write() as connection:
        connection.execute(sa.update(followers).values(lease=0.0))


@pytest.mark.parametrize(("module", "kind"), [("wandb_run", "wandb"), ("event_file", "tensorboard")])
def test_a_follower_that_is_killed_leaves_every_step_once(tmp_path: Path, module: str, kind):
    settings = Settings(data_dir=tmp_path, wandb={"mode": "offline"}, tensorboard={"directory": tmp_path / "logs"})
    store = open_store(settings)
    claimed = queued(store, kind, created_at=0)
    commit(store, claimed, 0, 1)
    for step in (2, 3):
        with started(module, settings) as process:
            until(lambda: position(store)[0] >= 3)
            before = position(store)[0]
            commit(store, claimed, step)
            until(lambda before=before: position(store)[0] > before)
            process.kill()
        forget_lease(store)
    end(store, claimed)
    with started(module, settings) as process:
        until(lambda: position(store)[1] == "done")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0
    store.close()
    if kind == "wandb":
        found = written(tmp_path)
        assert ([row["_step"] for row in found.rows], found.exit_code) == ([0, 1, 2, 3], 0)
    else:
        reader = EventAccumulator(str(tmp_path / "logs" / "ftjob-a")).Reload()
        assert [each.step for each in reader.Scalars("scores/train_reward_mean")] == [0, 1, 2, 3]


def test_a_follower_ends_with_its_parent_and_closes_its_runs(tmp_path: Path):
    settings = Settings(data_dir=tmp_path, wandb={"mode": "offline"})
    store = open_store(settings)
    claimed = queued(store, "wandb", created_at=0)
    commit(store, claimed, 0, 1)
    with started("wandb_run", settings) as process:
        until(lambda: position(store)[0] >= 3)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=PATIENCE_S) == 0
        process.stdin = None
    store.close()
    assert written(tmp_path).exit_code == 0


def test_event_files_need_a_directory(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "burnish.follow.event_file"],
        env=child_environment(Settings(data_dir=tmp_path)),
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert b"tensorboard.directory is not set" in done.stderr
