"""Pause, ask the snapshot, resume, and budgets that pause: to the same end as without, over the official client."""

import json
import time
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.work.test_reinforce import FORMAT, GRADER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]

TIMEOUT_S = 240
QUESTION = [{"role": "user", "content": "Which word?"}]


@pytest.fixture
def rows(api: openai.OpenAI, tmp_path: Path) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"messages": QUESTION, "wanted": "maybe", "n": n}) + "\n" for n in range(10)))
    return api.files.create(file=path, purpose="fine-tune").id


def create(api: openai.OpenAI, rows: str, metadata: dict[str, str] | None = None) -> str:
    hyper = {"n_epochs": 10, "batch_size": 5, "reasoning_effort": "none", "eval_interval": 20}
    method = {"grader": GRADER, "response_format": FORMAT, "hyperparameters": hyper}
    return api.fine_tuning.jobs.create(
        model="tiny",
        training_file=rows,
        validation_file=rows,
        seed=5,
        metadata=metadata or openai.omit,
        method={"type": "reinforcement", "reinforcement": method},  # type: ignore[typeddict-item]  # as scripts write it
    ).id


def wait(api: openai.OpenAI, job: str, *statuses: str) -> Any:
    deadline = time.monotonic() + TIMEOUT_S
    while (found := api.fine_tuning.jobs.retrieve(job)).status not in statuses:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def steps(api: openai.OpenAI, job: str) -> list[int]:
    events = list(api.fine_tuning.jobs.list_events(job, limit=100))
    return [event.data["step"] for event in reversed(events) if event.type == "metrics"]  # type: ignore[index]


def answers(api: openai.OpenAI, job: Any) -> str:
    return api.files.content(job.result_files[1]).text


def test_a_paused_job_can_be_asked_and_ends_as_if_it_had_not_been(api: openai.OpenAI, rows: str):
    straight = create(api, rows)
    undisturbed = wait(api, straight, "succeeded", "failed")
    job = create(api, rows)
    deadline = time.monotonic() + TIMEOUT_S
    while len(steps(api, job)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert api.fine_tuning.jobs.pause(job).status == "pausing"
    wait(api, job, "paused")
    (snapshot,) = api.fine_tuning.jobs.checkpoints.list(job).data
    assert snapshot.step_number == steps(api, job)[-1] < 20
    said = api.chat.completions.create(
        model=snapshot.fine_tuned_model_checkpoint,
        messages=QUESTION,  # type: ignore[arg-type]  # as scripts write it
        response_format=FORMAT,  # type: ignore[arg-type]  # as scripts write it
    )
    assert json.loads(said.choices[0].message.content or "")["word"] in ("yes", "no", "maybe", "never")
    assert api.fine_tuning.jobs.resume(job).status == "queued"
    done = wait(api, job, "succeeded", "failed")
    assert done.status == "succeeded"
    assert steps(api, job) == list(range(1, 21))
    assert answers(api, done) == answers(api, undisturbed)
    assert done.trained_tokens == undisturbed.trained_tokens


def test_a_job_whose_budget_is_spent_pauses_and_ends_as_if_it_had_had_none(api: openai.OpenAI, rows: str):
    """Twice: the first resume grants the same again, the second one more than the rest needs."""
    undisturbed = wait(api, create(api, rows), "succeeded", "failed")
    whole = sum(undisturbed.usage_metrics["tokens"][key] for key in ("train_sampled", "valid_sampled"))
    job = create(api, rows, {"burnish_budget_tokens": str(whole // 3)})
    pauses = []
    for budget in (None, {"metadata": {"burnish_budget_tokens": str(whole)}}):
        paused = wait(api, job, "paused", "succeeded", "failed")
        assert paused.status == "paused"
        pauses.append(steps(api, job)[-1])
        told = next(event for event in api.fine_tuning.jobs.list_events(job) if event.message.startswith("Budget"))
        assert f"Budget spent after step {pauses[-1]}: " in told.message
        assert told.level == "warn"
        checkpoints = [each.step_number for each in api.fine_tuning.jobs.checkpoints.list(job)]
        assert pauses[-1] in checkpoints
        api.fine_tuning.jobs.resume(job, extra_body=budget)
    done = wait(api, job, "paused", "succeeded", "failed")
    assert done.status == "succeeded"
    assert 0 < pauses[0] < pauses[1] < 20
    assert steps(api, job) == list(range(1, 21))
    assert answers(api, done) == answers(api, undisturbed)
    assert done.usage_metrics["tokens"] == undisturbed.usage_metrics["tokens"]
    assert done.usage_metrics["budget"]["granted"]["tokens"] == whole
