import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent, StoredFile
from burnish.settings import Models, Settings, Training
from burnish.spec.job import JobRequest
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from burnish.work.run import Run
from tests.tiny import write_tiny_model
from tests.work.made import job
from tests.work.test_reinforce import FORMAT, GRADER

ROWS = b'{"messages": [{"role": "user", "content": "Which word?"}], "wanted": "maybe"}\n' * 4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


class Shop:
    """A store with a claimed job in it."""

    def __init__(self, directory: Path, tiny: Path, rows: bytes = ROWS, **method: Any) -> None:
        models = Models(local={"tiny": str(tiny)}, aliases={"o4-mini": "tiny"})
        settings = Settings(data_dir=directory, models=models, training=Training(max_answer_tokens=24))
        self.run = Run(settings, open_store(settings), open_blobs(settings))
        for name in ("file-train", "file-valid"):
            self.run.blobs.put(f"files/{name}", rows)
            self.run.store.files.insert(StoredFile(name, len(rows), 1000, "x.jsonl", "fine-tune"))
        hyper = {"n_epochs": 2, "batch_size": 2, "eval_interval": 3, "reasoning_effort": "none"}
        body = {
            "model": "o4-mini",
            "training_file": "file-train",
            "validation_file": "file-valid",
            "suffix": "mine",
            "method": {
                "type": "reinforcement",
                "reinforcement": {"grader": GRADER, "response_format": FORMAT, "hyperparameters": hyper, **method},
            },
        }
        request = JobRequest.model_validate(body)
        queued = job(request.record(), status=JobStatus.QUEUED, model="o4-mini", suffix="mine")
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
