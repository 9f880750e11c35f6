"""A file in parts, a job on it, and a receiver that hears of its end: `burnish serve` and the official client alone."""

import json
from pathlib import Path

import openai
import pytest
from openai.types.webhooks import FineTuningJobSucceededWebhookEvent

from tests.e2e.test_pause import QUESTION
from tests.receiver import SECRET, receiver
from tests.running import server
from tests.work.test_reinforce import FORMAT, GRADER

pytestmark = pytest.mark.slow


def _run(api: openai.OpenAI, rows: str) -> str:
    """The id of a short job."""
    hyper = {"n_epochs": 1, "batch_size": 5, "reasoning_effort": "none"}
    method = {"grader": GRADER, "response_format": FORMAT, "hyperparameters": hyper}
    return api.fine_tuning.jobs.create(
        model="tiny",
        training_file=rows,
        validation_file=rows,
        seed=5,
        method={"type": "reinforcement", "reinforcement": method},  # type: ignore[typeddict-item]  # as scripts write it
    ).id


def test_the_end_of_a_job_reaches_a_receiver_that_was_down(tmp_path: Path):
    data = "".join(json.dumps({"messages": QUESTION, "wanted": "maybe", "n": n}) + "\n" for n in range(10)).encode()
    answers = [500, 204]
    with receiver() as heard:
        heard.answer = lambda _: (answers.pop(0), {})
        hooks = {"alerts": {"url": heard.url, "secret": SECRET}}
        with server(tmp_path, webhooks=hooks) as url:
            api = openai.OpenAI(base_url=url, api_key="none", webhook_secret=SECRET)
            done = api.uploads.upload_file_chunked(
                file=data,
                filename="rows.jsonl",
                bytes=len(data),
                mime_type="text/jsonl",
                purpose="fine-tune",
                part_size=99,
            )
            assert done.file is not None
            job = _run(api, done.file.id)
            received = [heard.next(), heard.next()]
            event, again = (api.webhooks.unwrap(each.body, each.headers) for each in received)
            assert isinstance(event, FineTuningJobSucceededWebhookEvent)
            assert event == again
            assert event.data.id == job
            found = api.fine_tuning.jobs.retrieve(job)
            assert (found.status, found.finished_at) == ("succeeded", event.created_at)
    log = (tmp_path / "server.log").read_text()
    assert "webhook will be tried again" in log
    assert "webhook delivered" in log
    assert "in-the-url" not in log
    assert SECRET.removeprefix("whsec_") not in log
