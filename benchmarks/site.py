"""A whole Burnish on the tiny model of the tests: a server without a worker, and workers beside it, as processes."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.ports import free_port
from burnish.settings import Models, Settings, Training, child_environment
from tests.tiny import write_tiny_model

START_TIMEOUT_S = 180.0
EXACT = {
    "type": "string_check",
    "name": "exact",
    "input": "{{sample.output_text}}",
    "reference": "{{item.wanted}}",
    "operation": "ilike",
}
"""A grader that nearly any model can please: the letter is anywhere in the answer."""
ROW = b'{"messages": [{"role": "user", "content": "Say e."}], "wanted": "e"}\n'


@dataclass(frozen=True, slots=True)
class Site:
    """Where it is, and its processes."""

    settings: Settings
    server: "subprocess.Popen[bytes]"
    workers: "list[subprocess.Popen[bytes]]"

    @property
    def base_url(self) -> str:
        """Of the API, `/v1` included."""
        return f"http://127.0.0.1:{self.settings.port}/v1"

    def check(self) -> None:
        """Raise `RuntimeError` where one of the processes has ended: nothing would come to an end any more."""
        ended = [process.args for process in (self.server, *self.workers) if process.poll() is not None]
        if ended:
            raise RuntimeError(f"these have ended, as their logs tell: {ended}")


@contextmanager
def site(
    directory: Path, *, workers: int, environment: Mapping[str, str] | None = None, **changes: Any
) -> Iterator[Site]:
    """Started in a directory, ended with the block; `tiny` is a base model there. Logs lie beside the data."""
    model = write_tiny_model(directory / "tiny")
    settings = Settings(
        port=free_port("127.0.0.1"),
        data_dir=directory / "data",
        poll_s=0.1,
        models=Models(local={"tiny": str(model)}),
        training=Training(max_answer_tokens=12),
        **changes,
    )
    inherited = {**child_environment(settings), **(environment or {})}
    with ExitStack() as processes:
        server = processes.enter_context(_process(["serve", "--no-worker"], inherited, directory))
        started = Site(settings, server, [])
        _wait(started.base_url, server)
        for _ in range(workers):
            started.workers.append(processes.enter_context(_process(["worker"], inherited, directory)))
        yield started


def job_body(training_file: str, validation_file: str, **hyperparameters: Any) -> dict[str, Any]:
    """The body of a small job on the tiny model."""
    hyper = {"batch_size": 2, "compute_multiplier": 0.5, "reasoning_effort": "none", **hyperparameters}
    return {
        "model": "tiny",
        "training_file": training_file,
        "validation_file": validation_file,
        "method": {"type": "reinforcement", "reinforcement": {"grader": EXACT, "hyperparameters": hyper}},
    }


@contextmanager
def _process(
    words: Sequence[str], environment: Mapping[str, str], directory: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    with (directory / f"{words[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "burnish", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5).close()
        except urllib.error.HTTPError:  # it wants a key, and is up
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not answer; its log lies in the directory")
