import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]

GRADER = {
    "type": "string_check",
    "name": "has an e",
    "input": "{{sample.output_text}}",
    "reference": "{{item.wanted}}",
    "operation": "like",
}


def create(api, files, metadata=None, **hyper):
    values = {"n_epochs": 2, "batch_size": 2, "reasoning_effort": "none", **hyper}
    method = {"type": "reinforcement", "reinforcement": {"grader": GRADER, "hyperparameters": values}}
    return api.fine_tuning.jobs.create(
        model="tiny", training_file=files[0], validation_file=files[1], method=method, metadata=metadata
    )


def test_a_job_is_watched_to_its_end_and_listed(burnish, api, files):
    job = create(api, files)
    watched = burnish("jobs", "watch", job.id)
    assert watched.exit_code == 0, watched.output
    assert "Fine-tuning job started" in watched.stdout
    assert "Step 4/4 , train mean reward=" in watched.stdout
    assert "The job has successfully completed" in watched.stdout
    shown = burnish("jobs", "show", job.id).stdout
    assert re.search(r"^time +\d+ s: sampling ", shown, re.MULTILINE)
    assert re.search(r"^training tokens +[\d,]+ prompt, [\d,]+ sampled, [\d,]+ trained$", shown, re.MULTILINE)
    listed = burnish("jobs", "list").stdout
    assert job.id in listed
    assert "succeeded" in listed


def test_a_paused_job_is_waited_for_and_the_way_to_resume_it_is_told(burnish, api, files):
    job = create(api, files, n_epochs=1, metadata={"burnish_budget_tokens": "1"})
    with ThreadPoolExecutor() as pool:
        watching = pool.submit(burnish, "jobs", "watch", job.id)
        deadline = time.monotonic() + 60
        while api.fine_tuning.jobs.retrieve(job.id).status != "paused":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(2.0)  # several looks of the watcher's, of which the first alone says so
        assert not watching.done()
        api.fine_tuning.jobs.resume(job.id, extra_body={"metadata": {"burnish_budget_tokens": None}})
        watched = watching.result(timeout=60)
    assert watched.exit_code == 0
    assert watched.stdout.count(f"burnish jobs resume {job.id}") == 1
    assert "The job has successfully completed" in watched.stdout


def test_a_job_is_cancelled(burnish, api, files):
    job = create(api, files, n_epochs=50)
    assert "cancelled" in burnish("jobs", "cancel", job.id).stdout
    assert burnish("jobs", "watch", job.id).exit_code == 1
    assert burnish("jobs", "cancel", job.id).exit_code != 0


def test_a_job_whose_budget_is_spent_is_resumed_with_another(burnish, api, files):
    metadata = {"burnish_budget_tokens": "1"}
    job = create(api, files, n_epochs=1, metadata=metadata)
    deadline = time.monotonic() + 60
    while api.fine_tuning.jobs.retrieve(job.id).status != "paused":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "1 tokens; pauses at" in burnish("jobs", "show", job.id).stdout
    assert burnish("jobs", "resume", job.id, "--budget", "euros=5").exit_code == 2
    assert "queued" in burnish("jobs", "resume", job.id, "--budget", "tokens=1000000").stdout
    assert burnish("jobs", "watch", job.id).exit_code == 0
