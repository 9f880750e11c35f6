"""How a job ends: as succeeded, with its model and its result files, or with its failure."""

import itertools
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from burnish.core.errors import JobFailure, LeaseLost
from burnish.core.ids import derived_id
from burnish.core.job import JobStatus
from burnish.core.records import Checkpoint, Job, NewEvent, StoredFile
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.job_rows import JobFields
from burnish.store.leaving import Leaving
from burnish.store.places import rollouts_blobs
from burnish.store.store import Store
from burnish.work.check import fail
from burnish.work.ledger import Ledger
from burnish.work.plan import Plan
from burnish.work.ranking import best_last
from burnish.work.results_csv import results_csv
from burnish.work.stagnation import Stagnation, validations

log = logging.getLogger(__name__)

_TABLE, _ANSWERS = "results.csv", "rollouts.jsonl"


@dataclass(frozen=True, slots=True)
class Ending:
    """The last writes of a claimed job, under its attempt."""

    job: Job
    store: Store
    blobs: Blobs

    def succeed(self, model: str, leaving: Leaving, now: float, ledger: Ledger | None = None) -> None:
        """With this model, and with what is left behind. Raises `LeaseLost`."""
        fields: JobFields = {"fine_tuned_model": model, "result_files": tuple(file.id for file in leaving.files)}
        if ledger is not None:
            fields["usage_metrics"] = ledger.record()
        self.store.jobs.move(
            self.job.id, JobStatus.SUCCEEDED, now=now, attempt=self.job.attempt, fields=fields, leaving=leaving
        )

    def fail(self, failure: JobFailure) -> None:
        """A failure after a checkpoint keeps what was learnt: the job succeeds with the latest one, as OpenAI's do."""
        try:
            checkpoints = self.store.checkpoints.all(self.job.id)
            if checkpoints:
                self._settle(failure, max(checkpoints, key=lambda each: each.step))
            else:
                fail(self.job, failure, self.store)
        except LeaseLost:
            log.info("the job ended before its failure could be told", extra={"job": self.job.id})

    def stop_early(self, plan: Plan, ledger: Ledger) -> None:
        """Nothing improves any more: the best checkpoint is the job's model. Raises `LeaseLost`."""
        now, found = time.time(), validations(self.store.events.all(self.job.id), plan.total_steps)
        best = best_last(self.store.checkpoints.all(self.job.id))[-1]
        events = [
            Stagnation(plan.early_stop_patience).after(*found).event(plan.total_steps),
            NewEvent(f"The best checkpoint, of step {best.step}, is the job's model: {best.model}"),
            NewEvent("The job has successfully completed"),
        ]
        self.succeed(best.model, Leaving(events, files=self.results(now)), now, ledger)

    def results(self, now: float) -> list[StoredFile]:
        """The table of steps and all answers, as files."""
        answers = itertools.chain.from_iterable(map(self.blobs.stream, self.blobs.paths(rollouts_blobs(self.job.id))))
        table = results_csv(self.store.events.all(self.job.id))
        return [
            self._file(_TABLE, iter([table]), now),
            self._file(_ANSWERS, answers, now),
        ]

    def _settle(self, failure: JobFailure, latest: Checkpoint) -> None:
        now = time.time()
        events = [
            NewEvent(failure.message, "error"),
            NewEvent(f"The run failed; its latest checkpoint, of step {latest.step}, is the job's model", "warn"),
            NewEvent(f"New fine-tuned model created: {latest.model}"),
        ]
        self.succeed(latest.model, Leaving(events, files=self.results(now)), now)

    def _file(self, kind: str, pieces: Iterator[bytes], now: float) -> StoredFile:
        name, file_id = f"{self.job.id}-{kind}", _result_id(self.job.id, kind)
        written = self.blobs.put_pieces(file_blob(file_id), pieces)
        return StoredFile(file_id, written.bytes, int(now), name, "fine-tune-results", self.job.project)


def result_ids(job_id: str) -> tuple[str, str]:
    """The ids of the table of steps and of all answers."""
    return _result_id(job_id, _TABLE), _result_id(job_id, _ANSWERS)


def _result_id(job_id: str, kind: str) -> str:
    return derived_id("file-", job_id, f"{job_id}-{kind}")
