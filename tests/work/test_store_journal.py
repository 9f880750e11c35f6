from dataclasses import replace
from pathlib import Path

import pytest

from burnish.core.budget import Budget
from burnish.core.errors import LeaseLost
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.core.rollout import Grade, SampleKey, TokenUsage
from burnish.policy.roles import Artifact, Snapshot
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import Store, open_store
from burnish.work.journal import StepRecord, Wish
from burnish.work.stagnation import Validation
from burnish.work.store_journal import StoreJournal
from burnish.work.usage import Seconds, Tokens, Usage
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
    store.jobs.insert(job(status=JobStatus.QUEUED, suffix="mine", project="research"), NewEvent("Created"))
    claimed = store.jobs.claim("worker", [JobStatus.QUEUED], 60, 2000)
    assert claimed is not None
    room = tmp_path / "run"
    room.mkdir()
    journal = StoreJournal(store, open_blobs(settings), claimed, "burnish-starter", "local", 3, room)
    assert journal.begin(plan()) is None
    return journal


def again(journal: StoreJournal) -> StoreJournal:
    """The journal of the next attempt."""
    journal.store.jobs.release(journal.job.id, journal.job.attempt)
    claimed = journal.store.jobs.claim("another", [JobStatus.RUNNING], 60, 2000)
    assert claimed is not None
    return replace(journal, job=claimed, _kept=(), _superseded=(), _plan=None, _step=0)


def messages(store: Store) -> list[str]:
    return [event.message for event in store.events.all("ftjob-1")][4:]  # created, started, plan, estimate


def record(step: int, directory: Path, reward: float | None = None) -> StepRecord:
    metrics = {"step": step, "train_mean_reward": 0.1, "completion_tokens_mean": 9.0, "reasoning_tokens_mean": 1.0}
    artifact = None
    if reward is not None:
        metrics["full_valid_mean_reward"] = reward
        folder = directory / f"step-{step}"
        folder.mkdir(exist_ok=True)
        (folder / "adapter_model.safetensors").write_bytes(b"weights %d" % step)
        artifact = Artifact(folder, "lora")
    moments = directory / f"snapshot-{step}"
    moments.mkdir(exist_ok=True)
    (moments / "trainer.safetensors").write_bytes(b"moments %d" % step)
    return StepRecord(
        step=step,
        message=f"Step {step}/90",
        metrics=metrics,
        trained_tokens=64 * step,
        usage=Usage(Seconds(sampling=1.0), Tokens(train_sampled=100)),
        snapshot=Snapshot(moments, {}),
        published=artifact,
        rollouts=({"step": step, "phase": "train", "text": "ä", "line": 1, "reward": 0.0},),
    )


def test_a_step_leaves_its_event_its_progress_and_its_answers(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(1, tmp_path))
    assert messages(store) == ["Step 1/90"]
    row = store.jobs.get("ftjob-1")
    assert row is not None
    assert row.trained_tokens == 64
    assert row.estimated_finish is not None
    assert (
        journal.blobs.get("rollouts/ftjob-1/000001.jsonl").decode()
        == '{"step": 1, "phase": "train", "text": "ä", "line": 1, "reward": 0.0}\n'
    )


def test_a_validated_step_is_served_under_its_own_name(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(9, tmp_path, reward=0.5))
    (checkpoint,) = store.checkpoints.all("ftjob-1")
    assert checkpoint.model.startswith("ft:burnish-starter:local:mine:")
    assert checkpoint.model.endswith(":ckpt-step-9")
    model = store.models.get(checkpoint.model)
    assert model is not None
    assert model.project == "research"
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


def test_the_users_wish_reaches_the_run(journal: StoreJournal, store: Store):
    assert journal.wish() is Wish.GO_ON
    store.jobs.pause("ftjob-1", now=2001)
    assert journal.wish() is Wish.PAUSE
    store.jobs.cancel("ftjob-1", now=2002)
    assert journal.wish() is Wish.STOP


def test_a_cancelled_jobs_step_is_not_written(journal: StoreJournal, store: Store, tmp_path: Path):
    store.jobs.cancel("ftjob-1", now=3000)
    with pytest.raises(LeaseLost):
        journal.commit(record(1, tmp_path))
    assert messages(store) == ["The job has been cancelled"]


def test_a_run_back_from_the_dead_writes_nothing(journal: StoreJournal, store: Store, tmp_path: Path):
    store.jobs.claim("another", [JobStatus.RUNNING], 60, 1e10)
    with pytest.raises(LeaseLost):
        journal.commit(record(1, tmp_path, reward=0.5))
    with pytest.raises(LeaseLost):
        journal.say("I am back")
    key = SampleKey("ftjob-1", "train", 1, 1, 0)
    with pytest.raises(LeaseLost):
        journal.record_grade(key, "digest", Grade("judge", "score_model", 0.5))
    assert messages(store) == []
    assert journal.blobs.paths() == []
    assert store.grades.get(key, "digest") is None


def test_a_run_back_from_the_dead_removes_nothing_of_the_one_that_follows(journal: StoreJournal, tmp_path: Path):
    for step in (1, 2):
        journal.commit(record(step, tmp_path))
    later = "snapshots/ftjob-1/000007/trainer.safetensors"
    journal.blobs.put(later, b"of the run that follows, had this one been stopped between commit and tidying up")
    journal.commit(record(3, tmp_path))
    assert {path.split("/")[2] for path in journal.blobs.paths("snapshots")} == {"000002", "000003", "000007"}


def test_an_attempt_removes_the_snapshots_that_its_own_supersede(journal: StoreJournal, tmp_path: Path):
    for step in (1, 2):
        journal.commit(record(step, tmp_path))
    following = again(journal)
    following.begin(plan())
    for step in (3, 4):
        following.commit(record(step, tmp_path))
    assert {path.split("/")[2] for path in journal.blobs.paths("snapshots")} == {"000003", "000004"}


def test_the_next_attempt_goes_on_after_the_last_step(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(1, tmp_path))
    journal.commit(record(2, tmp_path))
    point = again(journal).begin(plan())
    assert point is not None
    assert (point.step, point.trained_tokens) == (2, 128)
    assert (point.snapshot.directory / "trainer.safetensors").read_bytes() == b"moments 2"
    assert messages(store)[-1] == "The run had died. It goes on after step 2"


def test_a_run_that_goes_on_knows_what_the_passes_up_to_its_snapshot_found(
    journal: StoreJournal, store: Store, tmp_path: Path
):
    for step, reward in ((1, 0.1 + 0.2), (2, None), (3, 0.7)):
        journal.commit(record(step, tmp_path, reward))
    point = again(journal).begin(plan())
    assert point is not None
    assert point.validations == [Validation(1, 0.1 + 0.2), Validation(3, 0.7)]
    journal.blobs.put("snapshots/ftjob-1/000003/trainer.safetensors", b"torn")
    earlier = again(replace(journal, job=store.jobs.require("ftjob-1"))).begin(plan())
    assert earlier is not None
    assert earlier.validations == [Validation(1, 0.1 + 0.2)]


def test_of_a_damaged_snapshot_the_one_before_is_used(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(1, tmp_path))
    journal.commit(record(2, tmp_path))
    journal.blobs.put("snapshots/ftjob-1/000002/trainer.safetensors", b"torn")
    following = again(journal)
    point = following.begin(plan())
    assert point is not None
    assert point.step == 1
    assert "The snapshot of step 2 cannot be used" in messages(store)[-2]
    following.commit(record(2, tmp_path))  # done again: nothing is told twice
    assert messages(store).count("Step 2/90") == 1
    following.commit(record(3, tmp_path))
    row = store.jobs.require("ftjob-1")
    assert [each.step for each in row.snapshots] == [3, 2]
    point = again(following).begin(plan())
    assert point is not None
    assert point.step == 3


def test_without_any_snapshot_the_run_begins_again(journal: StoreJournal, store: Store):
    assert again(journal).begin(plan()) is None
    assert messages(store) == ["The run had died. It goes on from the beginning"]


def test_another_machine_is_told_of(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(1, tmp_path))
    following = again(journal)
    elsewhere = replace(following.job.snapshots[0], fingerprint="another CPU")
    following.job = replace(following.job, snapshots=(elsewhere,))
    assert following.begin(plan()) is not None
    assert "The machine is another one than before" in messages(store)[-1]


def test_two_snapshots_stay_and_nothing_else_is_left(journal: StoreJournal, tmp_path: Path):
    for step in range(5):
        journal.commit(record(step, tmp_path, 0.5 if step else None))
    assert journal.blobs.paths("snapshots") == [
        "snapshots/ftjob-1/000003/trainer.safetensors",
        "snapshots/ftjob-1/000004/trainer.safetensors",
    ]
    assert [path.name for path in tmp_path.glob("snapshot-*")] == []
    assert [path.name for path in tmp_path.glob("step-*")] == []


def test_a_grade_is_found_again(journal: StoreJournal):
    key = SampleKey("ftjob-1", "train", 1, 1, 0)
    assert journal.grade(key, "digest") is None
    journal.record_grade(key, "digest", Grade("exact", "string_check", 1.0))
    assert journal.grade(key, "digest") == Grade("exact", "string_check", 1.0)


def test_a_step_and_what_it_used_are_written_down_together_and_once(
    journal: StoreJournal, store: Store, tmp_path: Path
):
    journal.commit(record(0, tmp_path))
    journal.commit(record(1, tmp_path))
    before = store.jobs.require("ftjob-1").usage_metrics
    assert before is not None
    assert before["tokens"]["train_sampled"] == 200
    following = again(journal)
    following.begin(plan())
    following.commit(record(1, tmp_path))
    assert store.jobs.require("ftjob-1").usage_metrics == before
    following.commit(record(2, tmp_path))
    after = store.jobs.require("ftjob-1").usage_metrics
    assert after is not None
    assert after["tokens"]["train_sampled"] == 300
    assert after["seconds"]["repeated"] > 0


def test_a_spent_budget_is_a_wish_to_pause_that_outlives_the_run(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.books.budget = Budget(tokens=150)
    journal.commit(record(0, tmp_path))
    assert journal.wish() is Wish.GO_ON
    journal.commit(record(1, tmp_path))
    assert messages(store)[-1].startswith("Budget spent after step 1: 200 tokens of 150.")
    assert again(journal).wish() is Wish.PAUSE


def test_a_run_that_goes_on_tells_when_it_will_be_done(journal: StoreJournal, store: Store, tmp_path: Path):
    journal.commit(record(0, tmp_path))
    store.jobs.update("ftjob-1", journal.job.attempt, now=2000, fields={"estimated_finish": None})
    again(journal).begin(plan())
    assert store.jobs.require("ftjob-1").estimated_finish is not None


def test_a_grade_costs_what_it_did_in_the_step_that_asked_for_it_and_nothing_later(
    journal: StoreJournal, tmp_path: Path
):
    """All validation passes have the same keys, and a model that has learnt gives the same answers in many."""
    key = SampleKey("ftjob-1", "valid", 0, 1, 0)
    judge = Grade("judge", "score_model", 0.5, usage={"gpt": TokenUsage(100, 20)})
    code = Grade("code", "python", 0.5, sandbox_seconds=0.25)
    both = Grade("both", "multi", 0.5, parts={"a": judge, "b": code}, usage=judge.usage)
    journal.commit(record(0, tmp_path))
    journal.record_grade(key, "digest", both)
    following = again(journal)
    following.begin(plan())
    assert following.grade(key, "digest") == both
    following.commit(record(1, tmp_path))
    free = replace(judge, usage={"gpt": TokenUsage(0, 0)})
    expected = replace(both, parts={"a": free, "b": replace(code, sandbox_seconds=0.0)}, usage=free.usage)
    assert following.grade(key, "digest") == expected


def test_answers_that_are_not_kept_are_written_nowhere(journal: StoreJournal, tmp_path: Path):
    none = replace(journal, kept_rollouts=0.0)
    none.commit(record(1, tmp_path))
    assert journal.blobs.get("rollouts/ftjob-1/000001.jsonl") == b""
