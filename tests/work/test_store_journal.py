from pathlib import Path

import pytest

from burnish.core.errors import LeaseLost
from burnish.core.job import JobStatus
from burnish.core.records import Checkpoint, NewEvent
from burnish.policy.roles import Artifact
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import Store, open_store
from burnish.work.journal import StepRecord, Wish
from burnish.work.store_journal import StoreJournal, superseded
from tests.work.made import job
from tests.work.test_plan import plan


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture
def journal(settings: Settings, store: Store, tmp_path: Path) -> StoreJournal:
    store.jobs.insert(job(status=JobStatus.QUEUED, suffix="mine"), NewEvent("Created"))
    claimed = store.jobs.claim("worker", [JobStatus.QUEUED], 60, 2000)
    assert claimed is not None
    room = tmp_path / "run"
    room.mkdir()
    return StoreJournal(store, open_blobs(settings), claimed, plan(), "burnish-starter", "local", 3, room)


def record(step: int, directory: Path, reward: float | None = None) -> StepRecord:
    metrics = {"step": step, "train_mean_reward": 0.1, "completion_tokens_mean": 9.0, "reasoning_tokens_mean": 1.0}
    artifact = None
    if reward is not None:
        metrics["full_valid_mean_reward"] = reward
        folder = directory / f"step-{step}"
        folder.mkdir(exist_ok=True)
        (folder / "adapter_model.safetensors").write_bytes(b"weights %d" % step)
        artifact = Artifact(folder, "lora")
    return StepRecord(step, f"Step {step}/90", metrics, 64 * step, 1.0, artifact, ({"step": step, "text": "ä"},))


def test_a_step_leaves_its_event_its_progress_and_its_answers(journal: StoreJournal, store: Store, tmp_path: Path):
    assert journal.commit(record(1, tmp_path)) is Wish.GO_ON
    assert [event.message for event in store.events.all("ftjob-1")] == ["Created", "Step 1/90"]
    row = store.jobs.get("ftjob-1")
    assert row is not None
    assert row.trained_tokens == 64
    assert row.estimated_finish is not None
    assert journal.rollouts_path.read_text(encoding="utf-8") == '{"step": 1, "text": "ä"}\n'


def test_a_validated_step_is_served_under_its_own_name(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(9, tmp_path, reward=0.5))
    (checkpoint,) = store.checkpoints.all("ftjob-1")
    assert checkpoint.model.startswith("ft:burnish-starter:local:mine:")
    assert checkpoint.model.endswith(":ckpt-step-9")
    model = store.models.get(checkpoint.model)
    assert model is not None
    assert journal.blobs.get(f"{model.blob}/adapter_model.safetensors") == b"weights 9"
    last = store.events.all("ftjob-1")[-1].message
    assert last == f"Checkpoint created at step 9 with Snapshot ID: {checkpoint.model}"


def test_the_three_best_stay_and_the_others_bytes_go(journal: StoreJournal, store: Store, tmp_path: Path):
    for step, reward in ((1, 0.5), (2, 0.9), (3, 0.7), (4, 0.6), (5, 0.1)):
        journal.commit(record(step, tmp_path, reward))
    assert [each.step for each in store.checkpoints.all("ftjob-1")] == [2, 3, 4]
    assert len(store.models.all()) == 3
    assert len(journal.blobs.paths("models")) == 3


def test_a_step_written_before_stays_as_it_is(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(1, tmp_path, reward=0.5))
    before = store.events.all("ftjob-1"), journal.blobs.paths("models")
    journal.commit(record(1, tmp_path, reward=0.5))
    assert (store.events.all("ftjob-1"), journal.blobs.paths("models")) == before


def test_a_cancelled_job_tells_its_run(journal: StoreJournal, store: Store, tmp_path: Path):
    store.jobs.cancel("ftjob-1", now=3000)
    assert journal.commit(record(1, tmp_path)) is Wish.STOP


def test_a_run_back_from_the_dead_writes_nothing(journal: StoreJournal, store: Store, tmp_path: Path):
    store.jobs.claim("another", [JobStatus.RUNNING], 60, 1e10)
    with pytest.raises(LeaseLost):
        journal.commit(record(1, tmp_path))
    with pytest.raises(LeaseLost):
        journal.say("I am back")
    assert [event.message for event in store.events.all("ftjob-1")] == ["Created"]


def checkpoint(step: int, reward: float) -> Checkpoint:
    return Checkpoint(f"c{step}", "ftjob-1", 0, step, f"m{step}", {"full_valid_mean_reward": reward})


def test_of_equal_rewards_the_later_step_stays():
    dropped = superseded([checkpoint(1, 0.5), checkpoint(2, 0.5), checkpoint(3, 0.4)], keep=1)
    assert [each.step for each in dropped] == [3, 1]


def test_nothing_is_dropped_while_there_is_room():
    assert superseded([checkpoint(1, 0.5)], keep=3) == []
