"""The real library, offline: it writes what it would send."""

import multiprocessing
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from burnish.core.job import JobStatus
from burnish.follow.apart import Apart
from burnish.follow.follower import Follower
from burnish.follow.wandb_run import WandbRun, default_tags
from burnish.settings import Settings, Wandb
from burnish.store.store import Store, store_at
from tests.follow.followed import commit, end, queued
from tests.follow.weights_and_biases import written
from tests.rows import NOW
from tests.rows import job as made

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    yield store
    store.close()


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)


@pytest.fixture
def follower(store: Store, tmp_path: Path) -> Iterator[Callable[..., Follower]]:
    """Makes followers; what they left open is closed in the end."""
    made: list[Follower] = []

    def make(now: float = NOW + 100, **wandb: Any) -> Follower:
        settings = Settings(data_dir=tmp_path, wandb=Wandb(**({"mode": "offline"} | wandb)))
        opened = partial(Apart, partial(WandbRun, settings=settings, init_timeout_s=5.0))
        made.append(Follower("wandb", store, opened, "one", clock=lambda: now))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_run_has_every_step_under_the_names_of_the_events(
    store: Store, tmp_path: Path, follower: Callable[..., Follower]
):
    claimed = queued(store, "wandb", metadata={"team": "a"})
    following = follower()
    commit(store, claimed, 0, 1)
    following.turn()
    commit(store, claimed, 2)
    end(store, claimed)
    following.turn()
    found = written(tmp_path)
    assert [(row["_step"], row["_timestamp"], row["scores/train_reward_mean"]) for row in found.rows] == [
        (0, NOW, 0.0),
        (1, NOW + 1, 0.25),
        (2, NOW + 2, 0.5),
    ]
    assert found.rows[2]["scores/graders/exact/train_reward_mean"] == 0.25
    assert found.rows[2]["burnish/kl_mean"] == 0.5
    assert (found.summary["status"], found.summary["fine_tuned_model"]) == ("succeeded", "ft:x")
    assert found.exit_code == 0


def test_a_run_is_called_as_the_job_asked(store: Store, tmp_path: Path, follower: Callable[..., Follower]):
    claimed = queued(store, "wandb", metadata={"team": "a"})
    commit(store, claimed, 0)
    end(store, claimed, JobStatus.FAILED)
    follower().turn()
    found = written(tmp_path)
    run = found.run
    assert (run.project, run.entity, run.run_id, run.display_name) == ("security", "team", "ftjob-a", "ftjob-a")
    assert sorted(run.tags) == ["burnish/burnish-starter", "burnish/finetune", "burnish/ftjob-a", "mine"]
    assert found.config["model"] == "burnish-starter"
    assert found.config["grader"] == {"type": "string_check", "name": "exact"}
    assert found.config["metadata"] == {"team": "a"}
    assert found.config["plan"] == {"total_steps": 4}
    assert found.exit_code == 1
    messages = [event.message for event in store.events.all("ftjob-a")]
    assert messages[-1] == "Weights & Biases: run ftjob-a is written offline, on the server"


def test_nothing_of_the_machine_is_recorded(store: Store, tmp_path: Path, follower: Callable[..., Follower]):
    claimed = queued(store, "wandb")
    commit(store, claimed, 0)
    end(store, claimed)
    follower().turn()
    (directory,) = (tmp_path / "wandb").glob("offline-run-*")
    assert [path.name for path in (directory / "files").iterdir()] == []


def test_a_run_whose_process_died_has_every_step_once(store: Store, tmp_path: Path, follower: Callable[..., Follower]):
    claimed = queued(store, "wandb")
    commit(store, claimed, 0, 1)
    following = follower()
    following.turn()
    (process,) = multiprocessing.active_children()
    process.kill()
    process.join()
    commit(store, claimed, 2)
    following.turn()
    assert [event.level for event in store.events.all("ftjob-a")].count("warn") == 1
    commit(store, claimed, 3)
    following = follower(now=NOW + 200)
    following.turn()
    end(store, claimed)
    following.turn()
    found = written(tmp_path)
    assert [row["_step"] for row in found.rows] == [0, 1, 2, 3]
    assert found.exit_code == 0


def test_a_run_whose_follower_was_stopped_has_every_step_once(
    store: Store, tmp_path: Path, follower: Callable[..., Follower]
):
    claimed = queued(store, "wandb")
    commit(store, claimed, 0, 1)
    following = follower()
    following.turn()
    following.close()
    commit(store, claimed, 2)
    following = follower()
    following.turn()
    end(store, claimed)
    following.turn()
    found = written(tmp_path)
    assert [row["_step"] for row in found.rows] == [0, 1, 2]
    assert found.exit_code == 0


def test_a_paused_job_goes_on_in_the_same_run(store: Store, tmp_path: Path, follower: Callable[..., Follower]):
    claimed = queued(store, "wandb")
    following = follower()
    commit(store, claimed, 0, 1)
    end(store, claimed, JobStatus.PAUSED)
    following.turn()
    assert written(tmp_path).summary["status"] == "paused"
    store.jobs.resume("ftjob-a", now=NOW)
    again = store.jobs.claim("worker", [JobStatus.QUEUED], 1e9, NOW)
    assert again is not None
    commit(store, again, 2)
    end(store, again)
    following.turn()
    assert [row["_step"] for row in written(tmp_path).rows] == [0, 1, 2]


def test_jobs_side_by_side_have_runs_of_their_own(store: Store, tmp_path: Path, follower: Callable[..., Follower]):
    jobs = [queued(store, "wandb", name) for name in ("ftjob-a", "ftjob-b")]
    following = follower()
    for step in (0, 1):
        for claimed in jobs:
            commit(store, claimed, step)
        following.turn()
    for claimed in jobs:
        end(store, claimed)
    following.turn()
    names = sorted(path.name.rpartition("-")[2] for path in (tmp_path / "wandb").glob("offline-run-*"))
    assert names == ["a", "b"]


def test_a_service_that_does_not_answer_is_a_warning_and_the_job_goes_on(
    store: Store, tmp_path: Path, follower: Callable[..., Follower]
):
    commit(store, queued(store, "wandb"), 0)
    online = {"mode": "online", "api_key": "0" * 40, "base_url": "http://127.0.0.1:9"}
    follower(**online).turn()
    last = store.events.all("ftjob-a")[-1]
    assert last.level == "warn"
    assert last.message.startswith("Weights & Biases does not follow at present: ")
    assert store.jobs.require("ftjob-a").status is JobStatus.RUNNING
    end(store, store.jobs.require("ftjob-a"))
    follower(now=NOW + 200).turn()  # once there is a way
    assert [row["_step"] for row in written(tmp_path).rows] == [0]


def test_a_long_model_name_is_cut_to_what_a_tag_may_have():
    tags = default_tags(made("ftjob-a", model="m" * 99))
    assert tags == ["burnish/finetune", "burnish/" + "m" * 56, "burnish/ftjob-a"]
