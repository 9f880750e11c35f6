"""Rows to put into a store in tests."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from burnish.core.evaluation import Eval, EvalItem, EvalRun, RunStatus
from burnish.core.job import JobStatus
from burnish.core.records import DEFAULT_PROJECT, Checkpoint, Exchange, Feedback, Job, StoredFile, TunedModel, Upload

NOW = 1_800_000_000

GRADER = {
    "type": "string_check",
    "name": "exact",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "operation": "eq",
}


def job_body(**changes: Any) -> dict[str, Any]:
    """The smallest body of POST /fine_tuning/jobs that is accepted once its files are there."""
    return {
        "model": "burnish-starter",
        "training_file": "file-train",
        "validation_file": "file-valid",
        "method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}},
    } | changes


def job(job_id: str, **changes: Any) -> Job:
    """A job as the door makes it."""
    new = Job(
        id=job_id,
        created_at=NOW,
        status=JobStatus.VALIDATING_FILES,
        model="burnish-starter",
        request=job_body(),
        seed=7,
        training_file="file-train",
        validation_file="file-valid",
        suffix=None,
        metadata=None,
        project=DEFAULT_PROJECT,
        hyperparameters={"n_epochs": "auto"},
    )
    return dataclasses.replace(new, **changes)


def file(file_id: str, **changes: Any) -> StoredFile:
    """A file for training."""
    new = StoredFile(
        id=file_id, bytes=2, created_at=NOW, filename="rows.jsonl", purpose="fine-tune", project=DEFAULT_PROJECT
    )
    return dataclasses.replace(new, **changes)


def upload(upload_id: str, **changes: Any) -> Upload:
    """An upload without any part yet."""
    new = Upload(
        id=upload_id,
        bytes=6,
        created_at=NOW,
        expires_at=NOW + 3600,
        filename="rows.jsonl",
        purpose="fine-tune",
        project=DEFAULT_PROJECT,
    )
    return dataclasses.replace(new, **changes)


def checkpoint(job_id: str, step: int) -> Checkpoint:
    """A checkpoint of a step."""
    return Checkpoint(
        id=f"ftckpt_{step}", job_id=job_id, created_at=NOW, step=step, model=model_name(step), metrics={"step": step}
    )


def model(job_id: str, step: int, **changes: Any) -> TunedModel:
    """The model of a step's checkpoint."""
    new = TunedModel(
        name=model_name(step),
        created_at=NOW,
        base="burnish-starter",
        job_id=job_id,
        step=step,
        blob=f"models/{step}",
        kind="lora",
        reasoning_effort="medium",
        project=DEFAULT_PROJECT,
    )
    return dataclasses.replace(new, **changes)


def model_name(step: int) -> str:
    """What the checkpoint of a step is called."""
    return f"ft:burnish-starter:local::abcd{step:04}:ckpt-step-{step}"


def jsonl(path: Path, rows: list[dict[str, Any]]) -> bytes:
    """Rows as a file, and its bytes."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.read_bytes()


def exchange(exchange_id: str, **changes: Any) -> Exchange:
    """A stored chat completion."""
    made = Exchange(
        id=exchange_id,
        kind="chat.completion",
        created_at=NOW,
        model="tiny",
        project="default",
        metadata=None,
        request={"messages": [{"role": "user", "content": "hello"}]},
        answer={"id": exchange_id, "choices": []},
    )
    return dataclasses.replace(made, **changes)


def feedback(feedback_id: str, **changes: Any) -> Feedback:
    """Praise of an answer."""
    made = Feedback(
        id=feedback_id,
        created_at=NOW,
        project=DEFAULT_PROJECT,
        model="tiny",
        messages=[{"role": "user", "content": "hello"}],
        answer="hi",
        rating="up",
        correction=None,
        note=None,
    )
    return dataclasses.replace(made, **changes)


CRITERION = {**GRADER, "id": "exact-1"}
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}


def evaluation(eval_id: str, **changes: Any) -> Eval:
    """An eval with one criterion."""
    made = Eval(
        id=eval_id,
        created_at=NOW,
        updated_at=NOW,
        name="sums",
        project=DEFAULT_PROJECT,
        data_source_config={"type": "custom", "item_schema": SCHEMA, "include_sample_schema": True},
        testing_criteria=(CRITERION,),
    )
    return dataclasses.replace(made, **changes)


def eval_run(run_id: str, eval_id: str, **changes: Any) -> EvalRun:
    """A run over stored answers that nobody has claimed."""
    content = [{"item": {"answer": "4"}, "sample": {"output_text": "4"}}]
    made = EvalRun(
        id=run_id,
        eval_id=eval_id,
        created_at=NOW,
        name="run",
        status=RunStatus.QUEUED,
        model=None,
        data_source={"type": "jsonl", "source": {"type": "file_content", "content": content}},
    )
    return dataclasses.replace(made, **changes)


def eval_item(run_id: str, place: int, *, passed: bool = True, **changes: Any) -> EvalItem:
    """An item that passed or failed."""
    result = {"name": "exact-1", "type": "string_check", "score": float(passed), "passed": passed, "sample": None}
    made = EvalItem(
        id=f"outputitem_{run_id}_{place}",
        run_id=run_id,
        place=place,
        created_at=NOW,
        row=place,
        status="pass" if passed else "fail",
        item={"answer": "4"},
        results=[result],
        sample={"output": [{"role": "assistant", "content": "4"}]},
    )
    return dataclasses.replace(made, **changes)
