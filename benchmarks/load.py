"""Many jobs from several clients on several workers: `python -m benchmarks.load --jobs 50 --clients 8 --workers 3`.

Each client has a key of a project of its own, sends all its jobs at once with the official async client and then reads
without a pause longer than `PAUSE_S`: the job, its events, its checkpoints, the list of jobs. At the end the store is
asked whether every job succeeded, ran once, and told its events in order.
"""

import argparse
import asyncio
import contextlib
import itertools
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import openai

from benchmarks.site import ROW, Site, job_body, site
from burnish.core.job import JobStatus
from burnish.core.records import Event, Job
from burnish.store.store import open_store

PAUSE_S = 0.25
ROWS, EPOCHS = 4, 2
STEPS = EPOCHS * ROWS // 2
MILESTONES = (
    "Created fine-tuning job",
    "Validating training file",
    "Files validated",
    "Fine-tuning job started",
    "Plan:",
    "Step 0/",
    *(f"Step {step}/" for step in range(1, STEPS + 1)),
    "New fine-tuned model created",
    "The job has successfully completed",
)
"""How the events of every job begin, in their order; each once."""


@dataclass(slots=True)
class Readings:
    """What the clients saw."""

    seconds: "defaultdict[str, list[float]]" = field(default_factory=lambda: defaultdict(list))
    """Of each request, by kind."""
    errors: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def timed(self, kind: str) -> AsyncIterator[None]:
        """Time a request; one that fails is an error and no reading."""
        started = time.perf_counter()
        try:
            yield
        except openai.OpenAIError as error:
            self.errors.append(f"{kind}: {error}")
        else:
            self.seconds[kind].append(time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Report:
    """How it went."""

    seconds: float
    readings: Readings
    jobs: Sequence[Job]
    faults: Sequence[str]
    """Jobs that did not succeed or ran twice; events that are missing, doubled or in disorder."""

    def lines(self) -> list[str]:
        """For people."""
        reads = {kind: found for kind, found in sorted(self.readings.seconds.items()) if kind != "create"}
        every = [seconds for found in reads.values() for seconds in found]
        rows = [("all reads", every), *reads.items(), ("create", self.readings.seconds["create"])]
        return [
            f"{len(self.jobs)} jobs in {self.seconds:.0f} s; first started after at most {self.longest_wait_s} s",
            *(f"{name:12} {len(found):6} requests, {_milliseconds(found)}" for name, found in rows),
            f"errors: {len(self.readings.errors)}",
            f"faults: {len(self.faults)}",
        ]

    @property
    def longest_wait_s(self) -> int:
        """How long the project waited whose first job began last."""
        waits: dict[str, int] = {}
        for job in self.jobs:
            wait = (job.started_at or job.created_at) - job.created_at
            waits[job.project] = min(wait, waits.get(job.project, wait))
        return max(waits.values())


def run(directory: Path, *, jobs: int, clients: int, workers: int) -> Report:
    """Put a site under load."""
    with site(directory, workers=workers) as there:
        store = open_store(there.settings)
        keys = [store.keys.create(f"c{n}", project=f"client-{n}", now=int(time.time())).secret for n in range(clients)]
        shares = [len(range(number, jobs, clients)) for number in range(clients)]
        readings, started = Readings(), time.monotonic()
        asyncio.run(_all(there, keys, shares, readings))
        seconds = time.monotonic() - started
        found = list(store.jobs.page(limit=jobs + 1).items)
        faults = [] if len(found) == jobs else [f"{len(found)} jobs are there, not {jobs}"]
        faults += [fault for job in found for fault in faults_of(job, store.events.all(job.id))]
        store.close()
    return Report(seconds, readings, found, faults)


async def _all(there: Site, keys: Sequence[str], shares: Sequence[int], readings: Readings) -> None:
    async with asyncio.TaskGroup() as tasks:
        for key, share in zip(keys, shares, strict=True):
            tasks.create_task(_client(there, key, share, readings))


async def _client(there: Site, key: str, jobs: int, readings: Readings) -> None:
    """One client: its files, its jobs, and reading until all have ended."""
    async with openai.AsyncOpenAI(base_url=there.base_url, api_key=key, max_retries=0, timeout=60) as api:
        train, valid = [
            (await api.files.create(file=("rows.jsonl", ROW * ROWS), purpose="fine-tune")).id for _ in range(2)
        ]
        body, left = job_body(train, valid, n_epochs=EPOCHS, eval_interval=STEPS), set[str]()
        for _ in range(jobs):
            async with readings.timed("create"):
                left.add((await api.fine_tuning.jobs.create(**body)).id)
        while left:
            there.check()
            async with readings.timed("list"):
                await api.fine_tuning.jobs.list(limit=20)
            for job_id in sorted(left):
                async with readings.timed("events"):
                    await api.fine_tuning.jobs.list_events(job_id, limit=20)
                async with readings.timed("checkpoints"):
                    await api.fine_tuning.jobs.checkpoints.list(job_id)
                async with readings.timed("retrieve"):
                    job = await api.fine_tuning.jobs.retrieve(job_id)
                    if job.status in ("succeeded", "failed", "cancelled"):
                        left.remove(job_id)
            await asyncio.sleep(PAUSE_S)


def faults_of(job: Job, events: Sequence[Event]) -> list[str]:
    """What is wrong with a job that has ended."""
    faults = []
    if job.status is not JobStatus.SUCCEEDED:
        faults.append(f"{job.id} is {job.status}: {job.error}")
    if job.attempt != 2:
        faults.append(f"{job.id} was claimed {job.attempt} times, not once for its files and once for its run")
    told = [_milestone(event.message) for event in events]
    milestones = [each for each in told if each is not None]
    if milestones != list(MILESTONES):
        faults.append(f"{job.id} told {milestones}")
    if any(one.created_at > other.created_at for one, other in itertools.pairwise(events)):
        faults.append(f"{job.id} told events of an earlier time later")
    return faults


def _milestone(message: str) -> str | None:
    """Which of the milestones an event is."""
    step = re.match(r"Step \d+/", message)
    beginnings = [step.group()] if step else [each for each in MILESTONES if message.startswith(each)]
    return next((each for each in beginnings), None)


def _milliseconds(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "too few to tell"
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms, at most {1000 * max(seconds):.0f} ms"


def main() -> None:
    """Print the report; any fault or error ends with exit code 1."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--jobs", type=int, default=50)
    flags.add_argument("--clients", type=int, default=8)
    flags.add_argument("--workers", type=int, default=3)
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        report = run(Path(directory), jobs=given.jobs, clients=given.clients, workers=given.workers)
    print("\n".join([*report.lines(), *report.readings.errors, *report.faults]))
    sys.exit(1 if report.faults or report.readings.errors else 0)


if __name__ == "__main__":
    main()
