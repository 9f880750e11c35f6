"""The main job as a user runs it: `burnish serve` in its own processes, the official client over a socket."""

import csv
import io
import json
import time
from pathlib import Path

import openai
import pytest
from openai.types.fine_tuning import FineTuningJob

from tests.work.test_reinforce import FORMAT, GRADER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]

TIMEOUT_S = 240
QUESTION = [{"role": "user", "content": "Which word?"}]


@pytest.fixture(scope="module")
def done(api: openai.OpenAI, tmp_path_factory: pytest.TempPathFactory) -> FineTuningJob:
    path = tmp_path_factory.mktemp("files") / "rows.jsonl"
    path.write_text(_rows(10))
    train, valid = (api.files.create(file=Path(path), purpose="fine-tune").id for _ in range(2))
    hyper = {"n_epochs": 6, "batch_size": 5, "learning_rate_multiplier": 20, "reasoning_effort": "none"}
    method = {"grader": GRADER, "response_format": FORMAT, "hyperparameters": {**hyper, "eval_interval": 4}}
    job = api.fine_tuning.jobs.create(
        model="o4-mini-2025-04-16",
        training_file=train,
        validation_file=valid,
        suffix="words",
        seed=3,
        method={"type": "reinforcement", "reinforcement": method},
    )
    assert job.status == "validating_files"
    deadline = time.monotonic() + TIMEOUT_S
    while job.status not in ("succeeded", "failed", "cancelled"):
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
        job = api.fine_tuning.jobs.retrieve(job.id)
    return job


def _rows(count: int) -> str:
    return "".join(json.dumps({"messages": QUESTION, "wanted": "maybe", "number": n}) + "\n" for n in range(count))


def test_the_job_succeeds_under_the_name_that_was_sent(done):
    assert (done.status, done.model) == ("succeeded", "o4-mini-2025-04-16")
    assert done.fine_tuned_model.startswith("ft:o4-mini-2025-04-16:local:words:")


def test_the_reward_rises(api, done):
    (path,) = [api.files.content(file).text for file in done.result_files[:1]]
    rewards = [
        float(row["full_valid_mean_reward"])
        for row in csv.DictReader(io.StringIO(path))
        if row["full_valid_mean_reward"]
    ]
    first = next(event for event in api.fine_tuning.jobs.list_events(done.id) if event.message.startswith("Step 0/"))
    assert rewards[-1] > first.data["full_valid_mean_reward"] + 0.3


def test_the_tuned_model_answers_what_it_was_taught(api, done):
    asked = {
        "messages": QUESTION,
        "temperature": 0,
        "extra_body": {"response_format": FORMAT, "reasoning_effort": "none"},
    }
    tuned = api.chat.completions.create(model=done.fine_tuned_model, **asked)
    assert json.loads(tuned.choices[0].message.content) == {"word": "maybe"}


def test_checkpoints_are_served_the_best_three_of_them(api, done):
    found = api.fine_tuning.jobs.checkpoints.list(done.id).data
    assert 1 <= len(found) <= 3
    name = found[0].fine_tuned_model_checkpoint
    assert name in [model.id for model in api.models.list()]
    answer = api.chat.completions.create(model=name, messages=QUESTION, max_completion_tokens=4)
    assert answer.model == name


def test_metrics_events_carry_what_users_read(api, done):
    metrics = [event for event in api.fine_tuning.jobs.list_events(done.id, limit=100) if event.type == "metrics"]
    assert [event.data["step"] for event in metrics] == list(range(12, 0, -1))
    assert all(event.message.startswith(f"Step {event.data['step']}/12 , train mean reward=") for event in metrics)
    assert all(event.data["burnish"]["logp_gap_max"] < 1e-4 for event in metrics)
