import csv
import io
import json
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest
import sqlalchemy as sa

from burnish.core.errors import StoreUnavailable
from burnish.core.job import JobStatus
from burnish.core.records import Job, JobError, NewEvent, StoredFile
from burnish.settings import Models, Settings, Training
from burnish.spec.job import JobRequest
from burnish.store.blobs import Blobs, Written, open_blobs
from burnish.store.places import SNAPSHOTS
from burnish.store.store import open_store
from burnish.store.tables import grades
from burnish.work.run import Run
from burnish.work.worker import DEATHS
from tests.tiny import write_tiny_model
from tests.work.made import job
from tests.work.test_reinforce import FORMAT, GRADER

ROWS = b'{"messages": [{"role": "user", "content": "Which word?"}], "wanted": "maybe"}\n' * 4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


class Shop:
    """A store with a claimed job in it."""

    def __init__(self, directory: Path, tiny: Path, rows: bytes = ROWS, metadata: Any = None, **method: Any) -> None:
        models = Models(local={"tiny": str(tiny)}, aliases={"o4-mini": "tiny"})
        settings = Settings(data_dir=directory, models=models, training=Training(max_answer_tokens=24))
        self.run = Run(settings, open_store(settings), open_blobs(settings))
        for name in ("file-train", "file-valid"):
            self.run.blobs.put(f"files/{name}", rows)
            self.run.store.files.insert(StoredFile(name, len(rows), 1000, "x.jsonl", "fine-tune", "research"))
        hyper = {"n_epochs": 2, "batch_size": 2, "eval_interval": 3, "reasoning_effort": "none"}
        body = {
            "model": "o4-mini",
            "training_file": "file-train",
            "validation_file": "file-valid",
            "suffix": "mine",
            "metadata": metadata,
            "method": {
                "type": "reinforcement",
                "reinforcement": {"grader": GRADER, "response_format": FORMAT, "hyperparameters": hyper} | method,
            },
        }
        request = JobRequest.model_validate(body)
        changes: dict[str, Any] = {"model": "o4-mini", "suffix": "mine", "metadata": metadata, "project": "research"}
        queued = job(request.record(), status=JobStatus.QUEUED, **changes)
        self.run.store.jobs.insert(queued, NewEvent("Created"))
        claimed = self.run.store.jobs.claim("worker", [JobStatus.QUEUED], 600, time.time())
        assert claimed is not None
        self.claimed = claimed

    def carry_out(self) -> Job:
        self.run.carry_out(self.claimed)
        return self.run.store.jobs.require("ftjob-1")

    def file(self, file_id: str) -> str:
        return self.run.blobs.get(f"files/{file_id}").decode()


def test_a_job_runs_to_its_tuned_model(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    done = shop.carry_out()
    assert done.status is JobStatus.SUCCEEDED
    assert done.fine_tuned_model is not None
    assert done.fine_tuned_model.startswith("ft:o4-mini:local:mine:")
    assert done.hyperparameters["learning_rate_multiplier"] == 1.0
    assert done.plan is not None
    assert done.plan["total_steps"] == 4
    assert done.trained_tokens is not None
    assert done.trained_tokens > 0
    model = shop.run.store.models.get(done.fine_tuned_model)
    assert model is not None
    assert model.base == "tiny"
    assert shop.run.blobs.has(f"{model.blob}/adapter_model.safetensors")


def test_what_a_job_makes_is_its_projects(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    done = shop.carry_out()
    mine, others = shop.run.store.of("research"), shop.run.store.of("default")
    assert [each.id for each in mine.jobs.page().items] == ["ftjob-1"]
    assert {each.name for each in mine.models.all()} >= {done.fine_tuned_model}
    assert {each.id for each in mine.files.page().items} == {"file-train", "file-valid", *done.result_files}
    assert (others.jobs.page().items, others.models.all(), others.files.page().items) == ([], [], [])


def test_its_events_tell_the_story_in_openais_words(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    done = shop.carry_out()
    messages = [event.message for event in shop.run.store.events.all("ftjob-1")]
    steps = [message for message in messages if message.startswith("Step")]
    assert messages[1] == "Fine-tuning job started"
    assert messages[2].startswith("Plan: 4 steps (2 epochs of 4 rows, 2 rows x 8 answers a step)")
    assert [step.split(" , ")[0] for step in steps] == ["Step 0/4", "Step 1/4", "Step 2/4", "Step 3/4", "Step 4/4"]
    assert sum("Checkpoint created at step" in message for message in messages) == 2
    assert messages[-2:] == [
        f"New fine-tuned model created: {done.fine_tuned_model}",
        "The job has successfully completed",
    ]


def test_results_and_every_answer_become_files(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    table, answers = shop.carry_out().result_files
    rows = list(csv.DictReader(io.StringIO(shop.file(table))))
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]
    assert [bool(row["full_valid_mean_reward"]) for row in rows] == [False, False, True, True]
    lines = [json.loads(line) for line in shop.file(answers).splitlines()]
    assert {line["phase"] for line in lines} == {"train", "valid"}
    assert all(line["text"] for line in lines)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_prompt_beyond_the_context_fails_the_job_with_its_line(tmp_path: Path, tiny: Path):
    long = {"messages": [{"role": "user", "content": "word " * 400}], "wanted": "maybe"}
    failed = Shop(tmp_path, tiny, ROWS + json.dumps(long).encode()).carry_out()
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "invalid_training_file"
    assert "line 5" in failed.error.message


def test_an_error_inside_ends_the_job_and_says_where(tmp_path: Path, tiny: Path):
    broken = write_tiny_model(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"nothing")
    failed = Shop(tmp_path / "data", broken).carry_out()
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error.message


def test_a_run_that_lost_its_job_leaves_it_alone(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    shop.run.store.jobs.claim("another", [JobStatus.RUNNING], 600, time.time() + 1000)
    assert shop.carry_out().status is JobStatus.RUNNING


def pause_after(shop: Shop, step: int) -> Job:
    """Carry the job out while its user asks for a pause as soon as a step is done."""

    def ask() -> None:
        while shop.run.store.jobs.last_step("ftjob-1") < step:
            time.sleep(0.002)
        shop.run.store.jobs.pause("ftjob-1", now=time.time())

    user = threading.Thread(target=ask)
    user.start()
    paused = shop.carry_out()
    user.join()
    return paused


def resume(shop: Shop) -> Job:
    """Go on, as the worker does."""
    shop.run.store.jobs.resume("ftjob-1", now=time.time())
    claimed = shop.run.store.jobs.claim("worker", [JobStatus.QUEUED], 600, time.time())
    assert claimed is not None
    shop.claimed = claimed
    return shop.carry_out()


def weights(shop: Shop, model: str | None) -> bytes:
    assert model is not None
    row = shop.run.store.models.get(model)
    assert row is not None
    return shop.run.blobs.get(f"{row.blob}/adapter_model.safetensors")


LONG = {"n_epochs": 8, "batch_size": 2, "eval_interval": 3, "reasoning_effort": "none"}


def test_a_paused_job_leaves_a_model_and_goes_on_to_the_same_end(tmp_path: Path, tiny: Path):
    straight, shop = Shop(tmp_path / "a", tiny, hyperparameters=LONG), Shop(tmp_path / "b", tiny, hyperparameters=LONG)
    undisturbed = straight.carry_out()
    row = pause_after(shop, 1)
    assert row.status is JobStatus.PAUSED
    step = shop.run.store.jobs.last_step("ftjob-1")
    latest = max(shop.run.store.checkpoints.all("ftjob-1"), key=lambda each: each.step)
    assert latest.step == step
    assert weights(shop, latest.model)
    last = shop.run.store.events.all("ftjob-1")[-1].message
    assert last == f"The job is paused after step {step}. Snapshot ID: {latest.model}"
    done = resume(shop)
    assert done.status is JobStatus.SUCCEEDED
    assert weights(shop, done.fine_tuned_model) == weights(straight, undisturbed.fine_tuned_model)
    assert shop.file(done.result_files[1]) == straight.file(undisturbed.result_files[1])


def test_a_job_paused_at_once_has_the_base_as_its_model(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    shop.run.store.jobs.pause("ftjob-1", now=time.time())
    assert shop.carry_out().status is JobStatus.PAUSED
    assert [each.step for each in shop.run.store.checkpoints.all("ftjob-1")] == [0]


def test_a_failure_after_a_checkpoint_keeps_what_was_learnt(tmp_path: Path):
    model = write_tiny_model(tmp_path / "model")
    shop = Shop(tmp_path / "data", model, hyperparameters=LONG)
    pause_after(shop, 3)
    step = shop.run.store.jobs.last_step("ftjob-1")
    (model / "model.safetensors").write_bytes(b"broken")
    done = resume(shop)
    assert done.status is JobStatus.SUCCEEDED
    assert done.fine_tuned_model is not None
    assert done.fine_tuned_model.endswith(f":ckpt-step-{step}")
    told = shop.run.store.events.all("ftjob-1")[-3:]
    assert [event.level for event in told] == ["error", "warn", "info"]
    assert f"checkpoint, of step {step}, is the job's model" in told[1].message
    assert len(shop.file(done.result_files[1]).splitlines()) > 100


def test_a_job_that_no_longer_improves_ends_with_its_best_checkpoint(tmp_path: Path, tiny: Path):
    strict = {**GRADER, "reference": "{{item.wanted}}, of course"}
    metadata = {"burnish_early_stop_patience": "2"}
    shop = Shop(tmp_path, tiny, hyperparameters=LONG, grader=strict, metadata=metadata)
    done = shop.carry_out()
    assert done.status is JobStatus.SUCCEEDED
    assert done.fine_tuned_model is not None
    assert done.fine_tuned_model.endswith(":ckpt-step-6")
    assert weights(shop, done.fine_tuned_model)
    assert [event.message for event in shop.run.store.events.all("ftjob-1")][-3:] == [
        "Stopped early after step 6 of 16: in 2 validation passes in a row the mean reward was never above 0, which it "
        "had after step 0",
        f"The best checkpoint, of step 6, is the job's model: {done.fine_tuned_model}",
        "The job has successfully completed",
    ]
    assert len(shop.file(done.result_files[0]).splitlines()) == 1 + 6
    assert list((tmp_path / "runs").iterdir()) == []


class Full(Blobs):
    """Blobs on a disk that has no room for snapshots."""

    def put(self, path: str, source: bytes | Path | IO[bytes]) -> Written:
        if path.startswith(SNAPSHOTS):
            raise StoreUnavailable("No space left on device.")
        return super().put(path, source)


def test_a_job_whose_steps_cannot_be_stored_is_paused_at_last_and_loses_nothing(tmp_path: Path, tiny: Path):
    straight, shop = Shop(tmp_path / "a", tiny, hyperparameters=LONG), Shop(tmp_path / "b", tiny, hyperparameters=LONG)
    undisturbed = straight.carry_out()
    room = shop.run
    pause_after(shop, 2)
    step = room.store.jobs.last_step("ftjob-1")
    shop.run = replace(room, blobs=Full(room.blobs.store))
    with pytest.raises(StoreUnavailable):
        resume(shop)
    for _ in range(DEATHS):
        room.store.jobs.release("ftjob-1", shop.claimed.attempt)
        again = room.store.jobs.claim("worker", [JobStatus.RUNNING], 600, time.time())
        assert again is not None
        shop.claimed = again
        with pytest.raises(StoreUnavailable) if again.deaths < DEATHS else nullcontext():
            shop.carry_out()
    assert room.store.jobs.require("ftjob-1").status is JobStatus.PAUSED
    last = room.store.events.all("ftjob-1")[-1]
    expected = "The job is paused, for its steps cannot be stored: No space left on device."
    assert (last.level, last.message) == ("error", expected)
    assert room.store.jobs.last_step("ftjob-1") == step
    shop.run = room
    done = resume(shop)
    assert done.status is JobStatus.SUCCEEDED
    assert weights(shop, done.fine_tuned_model) == weights(straight, undisturbed.fine_tuned_model)
    assert shop.file(done.result_files[1]) == straight.file(undisturbed.result_files[1])


def test_a_full_disk_under_the_run_itself_is_told_as_one(tmp_path: Path, tiny: Path):
    class Blocked(Blobs):
        def put_directory(self, prefix: str, directory: Path) -> dict[str, str]:
            Path("/dev/full").write_bytes(b"what the run itself writes")
            return super().put_directory(prefix, directory)

    shop = Shop(tmp_path, tiny)
    shop.run = replace(shop.run, blobs=Blocked(shop.run.blobs.store))
    with pytest.raises(StoreUnavailable, match="No space left on device"):
        shop.carry_out()
    assert shop.run.store.jobs.require("ftjob-1").status is JobStatus.RUNNING
    assert not shop.run.store.jobs.has_step("ftjob-1", 0)


def test_training_rows_that_were_deleted_by_hand_fail_the_job_with_their_name(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    shop.run.blobs.delete("files/file-train")
    failed = shop.carry_out()
    assert failed.error == JobError(
        "invalid_training_file", "The bytes of the training file file-train have vanished.", "training_file"
    )


def test_a_spent_budget_pauses_and_the_job_ends_as_without_it(tmp_path: Path, tiny: Path):
    straight = Shop(tmp_path / "a", tiny, hyperparameters=LONG)
    capped = Shop(tmp_path / "b", tiny, hyperparameters=LONG, metadata={"burnish_budget_tokens": "1500"})
    undisturbed = straight.carry_out()
    rests = [(job := capped.carry_out()).status]
    while job.status is JobStatus.PAUSED:
        rests.append((job := resume(capped)).status)
    pauses = rests.count(JobStatus.PAUSED)
    assert pauses > 1
    assert job.status is JobStatus.SUCCEEDED
    assert weights(capped, job.fine_tuned_model) == weights(straight, undisturbed.fine_tuned_model)
    assert capped.file(job.result_files[1]) == straight.file(undisturbed.result_files[1])
    usages = [each.usage_metrics or {} for each in (job, undisturbed)]
    assert usages[0]["tokens"] == usages[1]["tokens"]
    told = [event.message for event in capped.run.store.events.all("ftjob-1") if event.message.startswith("Budget")]
    assert len(told) == pauses
    assert all(" tokens of 1,500. The job pauses. To go on, resume it" in message for message in told)


def test_the_ledger_counts_every_answer_and_tells_what_it_had_expected(tmp_path: Path, tiny: Path):
    shop = Shop(tmp_path, tiny)
    done = shop.carry_out()
    answers = [json.loads(line) for line in shop.file(done.result_files[1]).splitlines()]
    sampled = {
        phase: sum(len(answer["output_ids"]) for answer in answers if answer["phase"] == phase)
        for phase in ("train", "valid")
    }
    ledger = done.usage_metrics
    assert ledger is not None
    assert {phase: ledger["tokens"][f"{phase}_sampled"] for phase in sampled} == sampled
    assert ledger["tokens"]["trained"] == done.trained_tokens
    last = shop.run.store.events.all("ftjob-1")[-3]
    assert last.message.startswith("Estimate against the truth: about ")
    assert last.data is not None
    assert last.data["actual"] == {"usd": 0.0, "seconds": ledger["seconds"]["total"], "tokens": sum(sampled.values())}
    assert last.data["estimate"] == ledger["estimate"]


def test_every_question_to_a_judge_is_in_the_ledger_once(tmp_path: Path, tiny: Path):
    """A rate of next to nothing keeps the answers as they are, so that later passes find the first one's grades."""
    judge = {
        "type": "score_model",
        "name": "judge",
        "model": "o4-mini",
        "input": [{"role": "user", "content": "Rate: {{sample.output_text}}"}],
        "sampling_params": {"max_completions_tokens": 24},
    }
    hyper = {"n_epochs": 2, "batch_size": 4, "eval_interval": 1, "eval_samples": 1, "reasoning_effort": "none"}
    hyper |= {"compute_multiplier": 0.25, "learning_rate_multiplier": 1e-9}
    shop = Shop(tmp_path, tiny, grader=judge, hyperparameters=hyper)
    ledger = shop.carry_out().usage_metrics
    with shop.run.store.jobs.database.read() as connection:
        asked = [row.grade["usage"]["o4-mini"] for row in connection.execute(sa.select(grades))]
    kinds = ("prompt_tokens", "completion_tokens", "cached_tokens")
    assert ledger is not None
    assert ledger["model_graders_token_usage"] == {"o4-mini": {key: sum(each[key] for each in asked) for key in kinds}}
    answers = shop.file(shop.run.store.jobs.require("ftjob-1").result_files[1]).splitlines()
    assert 0 < len(asked) < len(answers)
