"""A job on the tiny model in a data directory of its own, and what must be the same of it whatever happens to it."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from burnish.core.job import JobStatus
from burnish.core.ports import free_port
from burnish.core.records import NewEvent, StoredFile
from burnish.settings import Grading, Models, Settings, Training, child_environment
from burnish.spec.job import JobRequest
from burnish.store.blobs import TORN_S, Blobs, open_blobs
from burnish.store.store import Store, open_store
from tests.tiny import write_tiny_model
from tests.work.made import job
from tests.work.test_reinforce import FORMAT, GRADER, without_clock

JOB = "ftjob-1"
LEASE_S = 2.0
TIMEOUT_S = 300.0
RECOVERY = ("The run had died.", "The run goes on", "The snapshot of step", "The run has made no progress")
"""What a run says that goes on, and no other."""
LENGTH = """
import time


def grade(sample, item):
    time.sleep(0.02)
    return len(sample["output_text"]) % 7 / 7
"""
BOTH = {
    "type": "multi",
    "graders": {"exact": GRADER, "length": {"type": "python", "name": "length", "source": LENGTH}},
    "calculate_output": "0.8 * exact + 0.2 * length",
}
"""A grader whose grades are written down, and that takes its time."""
HYPER = {"n_epochs": 6, "batch_size": 2, "eval_interval": 3, "reasoning_effort": "none", "compute_multiplier": 0.5}
STEPS = 12


@dataclass
class Site:
    """A data directory with a queued job in it."""

    directory: Path
    sandbox: Literal["auto", "unsafe-none"] = "unsafe-none"
    settings: Settings = field(init=False)
    store: Store = field(init=False)
    blobs: Blobs = field(init=False)

    def __post_init__(self) -> None:
        model = write_tiny_model(self.directory / "model")
        self.settings = Settings(
            port=free_port("127.0.0.1"),
            data_dir=self.directory / "data",
            lease_s=LEASE_S,
            poll_s=0.05,
            models=Models(local={"tiny": str(model)}),
            training=Training(max_answer_tokens=24),
            grading=Grading(sandbox=self.sandbox),
        )
        self.scratch.mkdir()
        self.store, self.blobs = open_store(self.settings), open_blobs(self.settings)
        rows = b'{"messages": [{"role": "user", "content": "Which word?"}], "wanted": "maybe"}\n' * 4
        for name in ("file-train", "file-valid"):
            self.blobs.put(f"files/{name}", rows)
            self.store.files.insert(StoredFile(name, len(rows), 1000, "x.jsonl", "fine-tune", "default"))
        method = {"grader": BOTH, "response_format": FORMAT, "hyperparameters": HYPER}
        request = JobRequest.model_validate(
            {
                "model": "tiny",
                "training_file": "file-train",
                "validation_file": "file-valid",
                "method": {"type": "reinforcement", "reinforcement": method},
            }
        )
        self.store.jobs.insert(job(request.record(), model="tiny"), NewEvent("Created"))

    @property
    def scratch(self) -> Path:
        """Where all processes keep what is temporary."""
        return self.directory / "tmp"

    @contextmanager
    def worker(self) -> "Iterator[subprocess.Popen[bytes]]":
        """A real worker process; killed with the block if it still lives."""
        with self._process("burnish.work.process") as process:
            try:
                yield process
            finally:
                process.kill()
                process.communicate()

    @contextmanager
    def server(self) -> "Iterator[subprocess.Popen[bytes]]":
        """A real `burnish serve`; told to end with the block if it still lives."""
        with self._process("burnish", "serve") as process:
            try:
                yield process
            finally:
                process.terminate()
                process.communicate(timeout=60)

    @contextmanager
    def _process(self, *module: str) -> "Iterator[subprocess.Popen[bytes]]":
        with (self.directory / "log").open("ab") as log:
            yield subprocess.Popen(
                [sys.executable, "-m", *module],
                env=child_environment(self.settings) | {"TMPDIR": str(self.scratch)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    @property
    def is_done(self) -> bool:
        """Whether the job has ended."""
        return self.store.jobs.require(JOB).status.is_final

    def outcome(self) -> dict[str, Any]:
        """Everything that must be the same, whatever happened on the way."""
        done = self.store.jobs.require(JOB)
        assert done.status is JobStatus.SUCCEEDED, (done.status, done.error)
        assert done.fine_tuned_model is not None
        table, answers = (self.blobs.get(f"files/{each}") for each in done.result_files)
        return {
            "weights": self._weights(done.fine_tuned_model),
            "checkpoints": {each.step: self._weights(each.model) for each in self.store.checkpoints.all(JOB)},
            "models": sorted(each.name for each in self.store.models.all()),
            "answers": answers,
            "table": table,
            "trained_tokens": done.trained_tokens,
            "tokens": (done.usage_metrics or {})["tokens"],
            "events": json.dumps(self._told()),
        }

    def _told(self) -> list[Any]:
        return [
            (event.level, event.type, _exact(event.message), without_clock(event.data))
            for event in self.store.events.all(JOB)
            if not event.message.startswith(RECOVERY)
        ]

    @property
    def recoveries(self) -> int:
        """How many events say that the run goes on."""
        return sum(event.message.startswith(RECOVERY[:2]) for event in self.store.events.all(JOB))

    def _weights(self, model: str) -> bytes:
        row = self.store.models.get(model)
        assert row is not None
        return self.blobs.get(f"{row.blob}/adapter_model.safetensors")

    def faults(self) -> list[str]:
        """What is wrong with the rows themselves: gaps in the numbering, recoveries that nobody had, damage."""
        numbers = [event.number for event in self.store.events.all(JOB)]
        attempts = self.store.jobs.require(JOB).attempt
        with closing(sqlite3.connect(self.settings.data_dir / "burnish.db")) as rows:
            [(health,)] = rows.execute("PRAGMA integrity_check").fetchall()
        checks = {
            f"events are numbered {numbers}": numbers == list(range(1, len(numbers) + 1)),
            f"{self.recoveries} recoveries in {attempts} attempts": self.recoveries < attempts,
            f"the database says: {health}": health == "ok",
        }
        return [fault for fault, is_well in checks.items() if not is_well]

    def leftovers(self) -> list[str]:
        """What should not be there when the job has ended, and a worker and a server have looked after it."""
        data = self.settings.data_dir
        models = {row.blob.partition("/")[2] for row in self.store.models.all()}
        files = {row.id for row in self.store.files.page(limit=100).items}
        strays = [path for path in self.blobs.paths("models") if path.split("/")[1] not in models]
        strays += [path for path in self.blobs.paths("files") if path.split("/")[1] not in files]
        with closing(sqlite3.connect(data / "burnish.db")) as rows:
            [(grades,)] = rows.execute("SELECT count(*) FROM grades").fetchall()
        return [
            *strays,
            *self.blobs.paths("snapshots"),
            *[str(path.relative_to(data)) for path in self.torn()],
            *[f"runs/{name}" for name in _names(data / "runs")],
            *[
                name
                for name in _names(data)
                if not re.fullmatch(r"blobs|runs|dashboard\.secret|burnish\.db(-wal|-shm)?", name)
            ],
            *[f"tmp/{name}" for name in _names(self.scratch) if not _is_trial(self.scratch / name)],
            *([f"{grades} grades"] if grades else []),
        ]

    def torn(self) -> list[Path]:
        """Files that were never finished."""
        return [path for path in (self.settings.data_dir / "blobs").rglob("*") if re.search(r"#\d+$", path.name)]

    def let_an_hour_pass(self) -> None:
        """For files that were never finished."""
        then = time.time() - 2 * TORN_S
        for path in self.torn():
            os.utime(path, (then, then))


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []


def _exact(message: str) -> str:
    """A message without its times: estimates tell them."""
    return message.partition(":")[0] if message.startswith("Estimate") else message


def undisturbed(directory: Path) -> dict[str, Any]:
    """What the job comes to when nobody is killed."""
    site = Site(directory)
    with site.worker():
        until(lambda: site.is_done)
    return site.outcome()


def until(is_so: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the job makes no progress")
        time.sleep(0.02)


def _is_trial(path: Path) -> bool:
    """Whether it is what Python's `tempfile` writes and removes at once to find out if it may write there (a kill can
    fall between the two, and no program can tell such a file from another's)."""
    return (
        re.fullmatch(r"[a-z0-9_]{8}", path.name) is not None and path.is_file() and path.stat().st_size <= len("blat")
    )
