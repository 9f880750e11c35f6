"""A real `burnish serve`, as a user starts it, on the tiny model."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnish.core.ports import free_port
from burnish.settings import Models, Settings, Training, child_environment
from tests.tiny import write_tiny_model

TIMEOUT_S = 90.0


@contextmanager
def server(directory: Path, *, max_answer_tokens: int = 12, **changes: Any) -> Iterator[str]:
    """Its base URL, `/v1` included; `tiny` is a base model there. All three processes end with the block."""
    model = write_tiny_model(directory / "tiny")
    settings = Settings(
        port=free_port("127.0.0.1"),
        data_dir=directory / "data",
        poll_s=0.1,
        models=Models(
            local={"tiny": str(model)},
            embedders={"vectors": str(directory / "nowhere")},
            aliases={"o4-mini-2025-04-16": "tiny"},
        ),
        training=Training(max_answer_tokens=max_answer_tokens),
        **changes,
    )
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "burnish", "serve"],
            env=child_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait(f"http://127.0.0.1:{settings.port}/v1", process, directory / "server.log")
            yield f"http://127.0.0.1:{settings.port}/v1"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=5) as answer:
                json.load(answer)
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not answer:\n{log.read_text()}")
