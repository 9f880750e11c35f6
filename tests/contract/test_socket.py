"""The same door over a real socket: the official client, nothing in between replaced."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
import uvicorn

from burnish.server.app import create_app
from burnish.settings import Settings
from tests.door import TRAIN, VALID
from tests.rows import job_body

LIMIT = 1_000_000


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[openai.OpenAI]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(Settings(data_dir=tmp_path, max_file_bytes=LIMIT))
    server = _Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert server.listening.wait(30)
    port = listener.getsockname()[1]
    with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="any", max_retries=0) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def test_a_job_from_upload_to_cancellation(client: openai.OpenAI):
    train = client.files.create(file=("train.jsonl", TRAIN), purpose="fine-tune")
    valid = client.files.create(file=("valid.jsonl", VALID), purpose="fine-tune")
    assert client.files.content(train.id).read() == TRAIN
    job = client.fine_tuning.jobs.create(**job_body(training_file=train.id, validation_file=valid.id))
    assert job.status == "validating_files"
    assert job._request_id is not None
    events = [event.message for event in client.fine_tuning.jobs.list_events(job.id)]
    assert events == [f"Created fine-tuning job: {job.id}"]
    assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    assert [each.id for each in client.fine_tuning.jobs.list()] == [job.id]


def test_an_upload_over_the_limit_is_answered_though_it_is_still_being_sent(client: openai.OpenAI):
    with pytest.raises(openai.APIStatusError) as raised:
        client.files.create(file=b"x" * (20 * LIMIT), purpose="fine-tune")
    assert raised.value.status_code == 413
    assert client.files.list().data == []
