"""A checkpoint answers from the moment it is told of, at the first try, beside its base and all others."""

import json
import time
from pathlib import Path

import openai
import pytest

from tests.work.test_reinforce import FORMAT, GRADER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]

TIMEOUT_S = 240
QUESTION = [{"role": "user", "content": "Which word?"}]


def test_a_checkpoint_answers_at_the_first_try_once_its_event_is_there(api: openai.OpenAI, tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"messages": QUESTION, "wanted": "maybe", "n": n}) + "\n" for n in range(10)))
    rows = api.files.create(file=path, purpose="fine-tune").id
    api.chat.completions.create(model="tiny", messages=QUESTION, max_tokens=2)  # type: ignore[arg-type]
    method = {
        "grader": GRADER,
        "response_format": FORMAT,
        "hyperparameters": {"n_epochs": 6, "batch_size": 5, "reasoning_effort": "none", "eval_interval": 4},
    }
    job = api.fine_tuning.jobs.create(
        model="tiny",
        training_file=rows,
        validation_file=rows,
        method={"type": "reinforcement", "reinforcement": method},  # type: ignore[typeddict-item]
    ).id
    asked: set[str] = set()
    quickly = api.with_options(max_retries=0)
    deadline = time.monotonic() + TIMEOUT_S
    while (found := api.fine_tuning.jobs.retrieve(job)).status not in ("succeeded", "failed"):
        assert time.monotonic() < deadline, found
        for checkpoint in api.fine_tuning.jobs.checkpoints.list(job).data:
            name = checkpoint.fine_tuned_model_checkpoint
            if name not in asked:
                answer = quickly.chat.completions.create(model=name, messages=QUESTION, max_tokens=2)  # type: ignore[arg-type]
                assert answer.model == name
                asked.add(name)
        time.sleep(0.02)
    assert found.status == "succeeded"
    assert len(asked) >= 2
