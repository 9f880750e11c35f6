"""A job on the tiny model, whose processes are killed at random: `python -m tests.crash.harness --kills 200`.

Every job must end with the very bits of an undisturbed one: weights, answers, scores, events. Killed are the run, the
worker or both, with SIGKILL, whatever they are at: loading, sampling, grading, training, writing.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from burnish.core.job import JobStatus
from burnish.core.records import NewEvent, StoredFile
from burnish.settings import Models, Settings, Training, child_environment
from burnish.spec.job import JobRequest
from burnish.store.blobs import Blobs, open_blobs
from burnish.store.store import Store, open_store
from burnish.work.worker import DEATHS
from tests.tiny import write_tiny_model
from tests.work.made import job
from tests.work.test_reinforce import FORMAT, GRADER, without_clock

JOB = "ftjob-1"
LEASE_S = 2.0
TIMEOUT_S = 300.0
Victim = Literal["run", "worker", "both"]
VICTIMS: tuple[Victim, ...] = ("run", "worker", "both")
RECOVERY = ("The run had died.", "The snapshot of step")
HYPER = {"n_epochs": 6, "batch_size": 2, "eval_interval": 3, "reasoning_effort": "none", "compute_multiplier": 0.5}


@dataclass
class Site:
    """A data directory with a queued job in it."""

    directory: Path
    settings: Settings = field(init=False)
    store: Store = field(init=False)
    blobs: Blobs = field(init=False)

    def __post_init__(self) -> None:
        model = write_tiny_model(self.directory / "model")
        self.settings = Settings(
            data_dir=self.directory / "data",
            lease_s=LEASE_S,
            poll_s=0.05,
            models=Models(local={"tiny": str(model)}),
            training=Training(max_answer_tokens=24),
        )
        self.store, self.blobs = open_store(self.settings), open_blobs(self.settings)
        rows = b'{"messages": [{"role": "user", "content": "Which word?"}], "wanted": "maybe"}\n' * 4
        for name in ("file-train", "file-valid"):
            self.blobs.put(f"files/{name}", rows)
            self.store.files.insert(StoredFile(name, len(rows), 1000, "x.jsonl", "fine-tune", "default"))
        method = {"grader": GRADER, "response_format": FORMAT, "hyperparameters": HYPER}
        request = JobRequest.model_validate(
            {
                "model": "tiny",
                "training_file": "file-train",
                "validation_file": "file-valid",
                "method": {"type": "reinforcement", "reinforcement": method},
            }
        )
        self.store.jobs.insert(job(request.record(), model="tiny"), NewEvent("Created"))

    @contextmanager
    def worker(self) -> "Iterator[subprocess.Popen[bytes]]":
        """A real worker process; ended with the block if it still lives."""
        with (self.directory / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "burnish.work.process"],
                env=child_environment(self.settings),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @property
    def is_done(self) -> bool:
        """Whether the job has ended."""
        return self.store.jobs.require(JOB).status.is_final

    def outcome(self) -> dict[str, Any]:
        """Everything that must be the same, whatever happened on the way."""
        done = self.store.jobs.require(JOB)
        assert done.status is JobStatus.SUCCEEDED, (done.status, done.error)
        assert done.fine_tuned_model is not None
        events = [
            (event.level, event.type, _exact(event.message), without_clock(event.data))
            for event in self.store.events.all(JOB)
            if not event.message.startswith(RECOVERY)
        ]
        return {
            "weights": self._weights(done.fine_tuned_model),
            "checkpoints": {each.step: self._weights(each.model) for each in self.store.checkpoints.all(JOB)},
            "answers": self.blobs.get(f"files/{done.result_files[1]}"),
            "trained_tokens": done.trained_tokens,
            "tokens": (done.usage_metrics or {})["tokens"],
            "events": json.dumps(events),
        }

    def _weights(self, model: str) -> bytes:
        row = self.store.models.get(model)
        assert row is not None
        return self.blobs.get(f"{row.blob}/adapter_model.safetensors")

    def leftovers(self) -> list[str]:
        """What should not be there when the job has ended and its last worker was started once more."""
        runs = self.settings.data_dir / "runs"
        directories = [f"runs/{path.name}" for path in runs.iterdir()] if runs.is_dir() else []
        names = {row.blob.partition("/")[2] for row in self.store.models.all()}
        strays = [path for path in self.blobs.paths("models") if path.split("/")[1] not in names]
        return [*directories, *self.blobs.paths("snapshots"), *strays]


def _exact(message: str) -> str:
    """A message without its times: estimates tell them."""
    return message.partition(":")[0] if message.startswith("Estimate") else message


def undisturbed(directory: Path) -> dict[str, Any]:
    """What the job comes to when nobody is killed."""
    site = Site(directory)
    with site.worker():
        until(lambda: site.is_done)
    return site.outcome()


def disturbed(directory: Path, seed: int, kills: int) -> tuple[Site, list[str]]:
    """The same job under that many kills, at moments that the seed draws; and who was killed at which step."""
    site, rng, deeds = Site(directory), random.Random(seed), list[str]()
    while not site.is_done:
        with site.worker() as worker:
            while not site.is_done and worker.poll() is None:
                if len(deeds) == kills:
                    until(lambda: site.is_done)
                    break
                victim = rng.choice(VICTIMS)
                _let_it_work(site, rng)
                if not site.is_done:
                    deeds.append(f"{victim} at step {site.store.jobs.last_step(JOB)}")
                    _kill(worker, victim)
    with site.worker():
        time.sleep(2 * LEASE_S)  # a worker that starts sweeps up
    return site, deeds


def _let_it_work(site: Site, rng: random.Random) -> None:
    """For a while; longer where the job has hardly got a step further since it last died."""
    time.sleep(rng.uniform(0, 6))
    if site.store.jobs.require(JOB).deaths >= DEATHS - 1:
        until(lambda: site.store.jobs.require(JOB).deaths == 0 or site.is_done)
        time.sleep(rng.uniform(0, 0.5))


def _kill(worker: "subprocess.Popen[bytes]", victim: Victim) -> None:
    runs = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    if victim in ("worker", "both"):
        worker.kill()
        worker.wait()
    for pid in runs if victim in ("run", "both") else ():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue


def until(is_so: Any) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the job makes no progress")
        time.sleep(0.02)


def main() -> None:
    """Kill until the number is reached, job after job; any difference ends with an error."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--kills", type=int, default=200, help="in all")
    flags.add_argument("--per-job", type=int, default=8)
    flags.add_argument("--seed", type=int, default=0)
    given = flags.parse_args()
    total, seed = 0, given.seed
    with tempfile.TemporaryDirectory() as directory:
        wanted = undisturbed(Path(directory) / "undisturbed")
        while total < given.kills:
            site, deeds = disturbed(Path(directory) / str(seed), seed, min(given.per_job, given.kills - total))
            found = site.outcome()
            different = [name for name in wanted if found[name] != wanted[name]]
            if different or site.leftovers():
                sys.exit(f"seed {seed}: {different or site.leftovers()} after {deeds}")
            total, seed = total + len(deeds), seed + 1
            sys.stdout.write(f"{total} kills: {', '.join(deeds)}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{total} kills over {seed - given.seed} jobs: every bit as if there had been none\n")


if __name__ == "__main__":
    main()
