"""`python -m burnish.work.run JOB ATTEMPT`: one job's run, in a process of its own."""

import asyncio
import logging
import shutil
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from burnish.core import logs
from burnish.core.errors import BurnishError, JobFailure, LeaseLost
from burnish.core.ids import new_id
from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent, StoredFile
from burnish.settings import Settings
from burnish.spec.job import JobRequest
from burnish.store.blobs import Blobs, open_blobs
from burnish.store.jobs import Leaving
from burnish.store.store import Store, open_store
from burnish.work.check import fail, load
from burnish.work.journal import Wish
from burnish.work.results_csv import results_csv
from burnish.work.session import Session, open_session
from burnish.work.store_journal import StoreJournal

log = logging.getLogger(__name__)


def main() -> None:
    """Run the job that the command line names, under the attempt that the worker claimed."""
    logs.configure()
    settings = Settings()
    job_id, attempt = sys.argv[1], int(sys.argv[2])
    run = Run(settings, open_store(settings), open_blobs(settings))
    job = run.store.jobs.get(job_id)
    if job is None or job.attempt != attempt:
        raise LeaseLost(f"Job '{job_id}' is not attempt {attempt}'s.")
    run.carry_out(job)


@dataclass(frozen=True, slots=True)
class Run:
    """From a claimed job to its end."""

    settings: Settings
    store: Store
    blobs: Blobs

    def carry_out(self, job: Job) -> None:
        """Train and publish. Whatever goes wrong ends in the job's `error`; a lost lease ends in silence."""
        try:
            asyncio.run(self._train(job))
        except LeaseLost:
            log.info("the job is no longer this run's", extra={"job": job.id})
        except BurnishError as error:
            self._fail(job, JobFailure(error.message, param=error.param, code=error.code or "server_error"))
        except Exception as error:
            log.exception("the run raised", extra={"job": job.id})
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"Internal error: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
            self._fail(job, JobFailure(message, code="server_error"))

    async def _train(self, job: Job) -> None:
        request = JobRequest.model_validate(job.request)
        self.store.jobs.say(job.id, job.attempt, [NewEvent("Fine-tuning job started")], now=time.time())
        data = load(job, request, self.store, self.blobs)
        directory = self.settings.data_dir / "runs" / f"{job.id}-{job.attempt}"
        directory.mkdir(parents=True, exist_ok=True)
        try:
            with open_session(job.id, request, job.seed, data, self.settings) as session:
                journal = self._journal(job, session, directory)
                self._tell_plan(job, session)
                if await session.carry_out(journal) is Wish.GO_ON:
                    await self._publish(job, session, journal)
        finally:
            shutil.rmtree(directory)  # what is worth keeping is in the blobs

    def _journal(self, job: Job, session: Session, directory: Path) -> StoreJournal:
        return StoreJournal(
            store=self.store,
            blobs=self.blobs,
            job=job,
            plan=session.plan,
            base=self.settings.resolve(job.model),
            organization=self.settings.organization,
            keep_checkpoints=self.settings.training.keep_checkpoints,
            directory=directory,
        )

    def _tell_plan(self, job: Job, session: Session) -> None:
        """The resolved numbers go into the row, and the plan into an event."""
        self.store.jobs.update(
            job.id,
            job.attempt,
            now=time.time(),
            fields={"plan": session.plan.record(), "hyperparameters": session.plan.hyperparameters()},
            leaving=Leaving([NewEvent(session.plan.sentence(), data={"plan": session.plan.record()})]),
        )

    async def _publish(self, job: Job, session: Session, journal: StoreJournal) -> None:
        """The last step's weights become the tuned model; the results become files."""
        now = time.time()
        artifact = await session.learner.publish(journal.room(session.plan.total_steps))
        model = journal.publish(artifact, session.plan.total_steps, now, is_checkpoint=False)
        table = self._file(f"{job.id}-results.csv", results_csv(self.store.events.all(job.id)), now)
        answers = self._file(f"{job.id}-rollouts.jsonl", journal.rollouts_path, now)
        events = [
            NewEvent(f"New fine-tuned model created: {model.name}"),
            NewEvent("The job has successfully completed"),
        ]
        self.store.jobs.move(
            job.id,
            JobStatus.SUCCEEDED,
            now=now,
            attempt=job.attempt,
            fields={"fine_tuned_model": model.name, "result_files": (table.id, answers.id)},
            leaving=Leaving(events, models=[model], files=[table, answers]),
        )

    def _file(self, name: str, source: bytes | Path, now: float) -> StoredFile:
        file_id = new_id("file-")
        written = self.blobs.put(f"files/{file_id}", source)
        return StoredFile(file_id, written.bytes, int(now), name, "fine-tune-results")

    def _fail(self, job: Job, failure: JobFailure) -> None:
        try:
            fail(job, failure, self.store)
        except LeaseLost:
            log.info("the job ended before its failure could be told", extra={"job": job.id})


if __name__ == "__main__":
    main()
