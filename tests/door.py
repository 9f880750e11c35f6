"""An API server in the test's own process, and the official client in front of it."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from burnish.grade.tools import Tools
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


@dataclass(frozen=True)
class Given:
    """A toolbox with these tools in it, whatever chat it is given."""

    content: Tools

    def tools(self, _chat: Any) -> Tools:
        return self.content

    async def aclose(self) -> None:
        return


@contextmanager
def opened(data_dir: Path, tools: Tools | None = None, **settings: Any) -> Iterator[Door]:
    """A server over a data directory; no worker works for it. `tools` stand in for what its graders would have."""
    state = open_state(Settings(data_dir=data_dir, **settings))
    if tools is not None:
        state = dataclasses.replace(state, toolbox=Given(tools))
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


async def ask_and_leave(app: ASGIApp, path: str, body: dict[str, Any], begun: asyncio.Event) -> None:
    """Speak ASGI to the app, and hang up once the work has begun."""
    messages = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        return

    headers = [(b"host", b"testserver"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    scope |= {"asgi": {"version": "3.0", "spec_version": "2.3"}, "scheme": "http", "server": ("testserver", 80)}
    await asyncio.wait_for(app({**scope, "client": ("127.0.0.1", 1), "root_path": ""}, receive, send), 20)
