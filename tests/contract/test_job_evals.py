"""The evals of a job by the official client: a run per validation pass, and one per step for what it learnt from."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from burnish.core.job import JobStatus
from burnish.work.check import validate
from burnish.work.run import Run
from tests.door import Door, opened
from tests.tiny import write_tiny_model

WORDS = ("yes", "no")
ROWS = [{"messages": [{"role": "user", "content": f"{n}?"}], "wanted": WORDS[n % 2], "n": n} for n in range(4)]
DATA = b"\n\n".join(json.dumps(row).encode() for row in ROWS)
ANSWER = {
    "type": "object",
    "properties": {"word": {"enum": [*WORDS]}},
    "required": ["word"],
    "additionalProperties": False,
}
CHECK = {
    "type": "string_check",
    "name": "right",
    "input": "{{sample.output_json.word}}",
    "reference": "{{item.wanted}}",
    "operation": "eq",
}
GRADER = {"type": "multi", "name": "word", "graders": {"right": CHECK}, "calculate_output": "right"}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[tuple[Door, str]]:
    """A server whose only job has succeeded."""
    directory: Path = tmp_path_factory.mktemp("site")
    tiny = write_tiny_model(directory / "tiny")
    settings = {"models": {"local": {"tiny": str(tiny)}}, "training": {"max_answer_tokens": 24}}
    with opened(directory / "data", **settings) as door:
        hyper = {"n_epochs": 2, "batch_size": 2, "eval_interval": 2, "eval_samples": 2, "reasoning_effort": "none"}
        job = door.client.fine_tuning.jobs.create(
            model="tiny",
            training_file=door.upload(DATA),
            validation_file=door.upload(DATA),
            seed=1,
            method={
                "type": "reinforcement",
                "reinforcement": {
                    "grader": GRADER,
                    "hyperparameters": hyper,
                    "response_format": {
                        "type": "json_schema",
                        "json_schema": {"name": "a", "schema": ANSWER, "strict": True},
                    },
                },
            },
        )
        state = door.state
        claimed = state.store.jobs.claim("me", [JobStatus.VALIDATING_FILES], 600, time.time())
        validate(claimed, state.settings, state.store, state.blobs)
        claimed = state.store.jobs.claim("me", [JobStatus.QUEUED], 600, time.time())
        Run(state.settings, state.store, state.blobs).carry_out(claimed)
        assert door.client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
        yield door, job.id


def test_every_validation_pass_is_a_run(site):
    door, job_id = site
    client: openai.OpenAI = door.client
    job = client.fine_tuning.jobs.retrieve(job_id)
    eval_ = client.evals.retrieve(job.eval_id)
    assert (eval_.name, eval_.phase) == (f"Reinforcement Fine Tuning validation runs for {job_id}", "valid")
    runs = list(client.evals.runs.list(eval_.id))
    assert [run.name for run in runs] == ["Step 0", "Step 2", "Step 4"]
    checkpoints = {
        each.step_number: each.fine_tuned_model_checkpoint for each in client.fine_tuning.jobs.checkpoints.list(job_id)
    }
    assert [run.model for run in runs] == ["tiny", checkpoints[2], checkpoints[4]]
    for run in runs:
        assert (run.status, run.result_counts.total) == ("completed", 8)  # 4 rows, 2 answers each
        items = list(client.evals.runs.output_items.list(run.id, eval_id=eval_.id, limit=3))
        assert [item.datasource_item["n"] for item in items] == [0, 0, 1, 1, 2, 2, 3, 3]
        assert sum(item.status == "pass" for item in items) == run.result_counts.passed
        for item in items:
            word = json.loads(item.sample.output[0].content)["word"]
            [result] = item.results
            assert (result.score, result.passed) == (float(word == item.datasource_item["wanted"]),) * 2
            assert result.parts["right"]["score"] == result.score
    [used] = runs[0].per_model_usage
    assert (used.model_name, used.invocation_count) == ("tiny", 8)
    first = next(iter(client.evals.runs.output_items.list(runs[0].id, eval_id=eval_.id)))
    again = client.evals.runs.output_items.retrieve(first.id, eval_id=eval_.id, run_id=runs[0].id)
    assert again.model_dump() == first.model_dump()


def test_what_was_learnt_from_is_kept_with_every_token(site):
    door, job_id = site
    job = door.client.fine_tuning.jobs.retrieve(job_id)
    runs = list(door.client.evals.runs.list(job.train_eval_id))
    assert [run.name for run in runs] == [f"Step {step}" for step in (1, 2, 3, 4)]
    items = list(door.client.evals.runs.output_items.list(runs[0].id, eval_id=job.train_eval_id, limit=100))
    assert len(items) == runs[0].result_counts.total > 0
    sample = items[0].sample
    assert len(sample.output_ids) == len(sample.logprobs) == sample.usage.completion_tokens
    assert all(logprob <= 0 for logprob in sample.logprobs)
    assert any(item.sample.advantage for item in items)


def test_the_first_and_the_last_step_are_compared(site):
    door, job_id = site
    job = door.client.fine_tuning.jobs.retrieve(job_id)
    runs = list(door.client.evals.runs.list(job.eval_id))
    query = [("run_id", runs[0].id), ("run_id", runs[-1].id), ("slice", "item.wanted")]
    report = door.http.get(f"/v1/evals/{job.eval_id}/compare", params=query).json()
    assert [run["score"]["mean"] for run in report["runs"]] == [
        pytest.approx(run.result_counts.passed / 8) for run in (runs[0], runs[-1])
    ]
    [difference] = report["differences"]
    assert (difference["rows"], difference["unpaired"]) == (4, 0)
    assert [part["value"] for part in difference["slices"]] == ["no", "yes"]
    gain = (runs[-1].result_counts.passed - runs[0].result_counts.passed) / 8
    assert difference["difference"]["mean"] == pytest.approx(gain)


def test_answers_outlive_the_file_that_was_asked_about(site):
    door, job_id = site
    job = door.client.fine_tuning.jobs.retrieve(job_id)
    door.client.files.delete(job.validation_file)
    run = next(iter(door.client.evals.runs.list(job.eval_id)))
    items = list(door.client.evals.runs.output_items.list(run.id, eval_id=job.eval_id))
    assert len(items) == 8
    assert {json.dumps(item.datasource_item) for item in items} == {"{}"}
