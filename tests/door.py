"""An API server in the test's own process, and the official client in front of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
from fastapi.testclient import TestClient

from burnish.server.app import app_of
from burnish.server.state import State, open_state
from burnish.settings import Settings
from tests.rows import job_body

ROWS = [{"messages": [{"role": "user", "content": f"{n} + 1 ="}], "answer": str(n + 1)} for n in range(12)]
TRAIN = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
VALID = "".join(json.dumps(row) + "\n" for row in ROWS[:4]).encode()


@dataclass(frozen=True)
class Door:
    """A server, seen from inside and from outside."""

    state: State
    http: TestClient
    client: openai.OpenAI

    def upload(self, data: bytes = TRAIN, name: str = "rows.jsonl", purpose: str = "fine-tune") -> str:
        """The id of a new file."""
        return self.client.files.create(file=(name, data), purpose=purpose).id

    def body(self, **changes: Any) -> dict[str, Any]:
        """A body that makes a job, its two files uploaded."""
        return job_body(training_file=self.upload(TRAIN), validation_file=self.upload(VALID)) | changes

    def create(self, **changes: Any) -> str:
        """The id of a new job."""
        return self.http.post("/v1/fine_tuning/jobs", json=self.body(**changes)).json()["id"]


@contextmanager
def opened(data_dir: Path, **settings: Any) -> Iterator[Door]:
    """A server over a data directory; no worker works for it."""
    state = open_state(Settings(data_dir=data_dir, **settings))
    with TestClient(app_of(state)) as http:
        client = openai.OpenAI(base_url="http://testserver/v1", api_key="any", http_client=http, max_retries=0)
        yield Door(state, http, client)


def error_of(response: Any) -> tuple[int, str | None, str | None]:
    """Status, param and code of an error, after a check of the envelope."""
    body = response.json()
    assert list(body) == ["error"]
    assert sorted(body["error"]) == ["code", "message", "param", "type"]
    assert body["error"]["message"]
    assert response.headers["x-request-id"].startswith("req_")
    return response.status_code, body["error"]["param"], body["error"]["code"]
