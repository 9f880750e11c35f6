"""Webhooks from a real server to a real receiver, opened by the official client."""

from pathlib import Path

import openai
import pytest
from openai.types.webhooks import (
    FineTuningJobCancelledWebhookEvent,
    FineTuningJobFailedWebhookEvent,
    FineTuningJobSucceededWebhookEvent,
)

from burnish.core.errors import JobFailure
from burnish.core.job import JobStatus
from burnish.work.check import fail
from tests.door import Door, opened
from tests.receiver import SECRET, Received, receiver


def _cancel(door: Door, job_id: str) -> None:
    door.client.fine_tuning.jobs.cancel(job_id)


def _fail(door: Door, job_id: str) -> None:
    fail(door.state.store.jobs.require(job_id), JobFailure("no", code="server_error"), door.state.store)


def _succeed(door: Door, job_id: str) -> None:
    for status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SUCCEEDED):
        door.state.store.jobs.move(job_id, status, now=1_800_000_000)


ENDS = {
    "fine_tuning.job.cancelled": (_cancel, FineTuningJobCancelledWebhookEvent),
    "fine_tuning.job.failed": (_fail, FineTuningJobFailedWebhookEvent),
    "fine_tuning.job.succeeded": (_succeed, FineTuningJobSucceededWebhookEvent),
}


def _unwrap(received: Received, secret: str = SECRET) -> object:
    client = openai.OpenAI(api_key="none", webhook_secret=secret)
    return client.webhooks.unwrap(received.body, received.headers)


@pytest.mark.parametrize("kind", ENDS)
def test_the_end_of_a_job_is_told_and_unwrapped(tmp_path: Path, kind: str):
    end, expected = ENDS[kind]
    with receiver() as heard, opened(tmp_path, webhooks={"a": {"url": heard.url, "secret": SECRET}}) as door:
        job_id = door.create()
        end(door, job_id)
        received = heard.next()
        event = _unwrap(received)
    assert isinstance(event, expected)
    assert (event.type, event.data.id, event.object) == (kind, job_id, "event")
    assert event.id == received.headers["webhook-id"]
    assert event.id.startswith("evt_")
    with pytest.raises(openai.InvalidWebhookSignatureError):
        _unwrap(received, "whsec_" + "A" * 32)


def test_a_pause_is_told_to_those_who_ask_for_it(tmp_path: Path):
    with receiver() as heard, receiver() as other:
        hooks = {
            "pauses": {"url": heard.url, "secret": SECRET, "events": ["fine_tuning.job.paused"]},
            "ends": {"url": other.url, "secret": SECRET},
        }
        with opened(tmp_path, webhooks=hooks) as door:
            job_id = door.create()
            for status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED):
                door.state.store.jobs.move(job_id, status, now=1_800_000_000)
            event = _unwrap(heard.next())
            assert event.type == "fine_tuning.job.paused"  # type: ignore[attr-defined]
            _cancel(door, job_id)
            assert _unwrap(other.next()).type == "fine_tuning.job.cancelled"  # type: ignore[attr-defined]
        assert heard.ids() == other.ids() == []
