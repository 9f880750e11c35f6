"""`python -m burnish.work.run JOB ATTEMPT`: one job's run, in a process of its own."""

import asyncio
import errno
import gc
import logging
import os
import shutil
import sys
import threading
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from burnish.core import logs
from burnish.core.budget import Budget
from burnish.core.errors import BurnishError, JobFailure, LeaseLost, StoreUnavailable
from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent
from burnish.settings import Settings
from burnish.spec.job import JobRequest
from burnish.store.blobs import Blobs, open_blobs
from burnish.store.leaving import Leaving
from burnish.store.store import Store, open_store
from burnish.work import pulse
from burnish.work.books import Books
from burnish.work.check import load
from burnish.work.cost import Tariff
from burnish.work.ending import Ending
from burnish.work.journal import Wish
from burnish.work.ledger import Ledger
from burnish.work.ledger_events import of_end
from burnish.work.leftovers import run_directory
from burnish.work.plan import Plan
from burnish.work.session import Session, open_session
from burnish.work.store_journal import StoreJournal
from burnish.work.worker import DEATHS

log = logging.getLogger(__name__)

_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


def main() -> None:
    """Run the job that the command line names, under the attempt that the worker claimed."""
    gc.freeze()  # what was imported stays: the collector need not walk through it again and again
    logs.configure()
    if not sys.stdin.isatty():
        threading.Thread(target=_follow_the_worker, daemon=True).start()
    settings = Settings()
    job_id, attempt = sys.argv[1], int(sys.argv[2])
    run = Run(settings, open_store(settings), open_blobs(settings))
    job = run.store.jobs.get(job_id)
    if job is None or job.attempt != attempt:
        raise LeaseLost(f"Job '{job_id}' is not attempt {attempt}'s.")
    try:
        run.carry_out(job)
    except StoreUnavailable as error:
        log.error("the store is not available", extra={"job": job.id, "error": error.message})
        sys.exit(os.EX_TEMPFAIL)


@dataclass(frozen=True, slots=True)
class Run:
    """From a claimed job to its end."""

    settings: Settings
    store: Store
    blobs: Blobs

    def carry_out(self, job: Job) -> None:
        """Train and publish. Whatever goes wrong ends in the job's log; a lost lease ends in silence.

        Raises `StoreUnavailable` where rows or bytes cannot be written and another attempt may find that they can.
        """
        try:
            asyncio.run(self._train(job))
        except LeaseLost:
            log.info("the job is no longer this run's", extra={"job": job.id})
        except StoreUnavailable as error:
            self._stand_by(job, error.message)
        except BurnishError as error:
            failure = JobFailure(error.message, param=error.param, code=error.code or "server_error")
            Ending(job, self.store, self.blobs).fail(failure)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
                self._stand_by(job, str(error))
                return
            log.exception("the run raised", extra={"job": job.id})
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"Internal error: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
            Ending(job, self.store, self.blobs).fail(JobFailure(message, code="server_error"))

    async def _train(self, job: Job) -> None:
        request = JobRequest.model_validate(job.request)
        data = load(job, request, self.store, self.blobs)
        directory = run_directory(self.settings, job)
        directory.mkdir(parents=True, exist_ok=True)
        journal = self._journal(job, directory)
        plan = Plan(**job.plan) if job.plan is not None else None
        try:
            with (
                journal.pulse.shown(directory / pulse.FILE),
                open_session(job.id, request, job.seed, data, self.settings, journal, plan) as session,
            ):
                match await session.carry_out():
                    case Wish.GO_ON:
                        await self._publish(job, session, journal)
                    case Wish.ENOUGH:
                        Ending(job, self.store, self.blobs).stop_early(session.plan, journal.books.close())
                    case Wish.PAUSE:
                        await self._pause(job, session, journal)
                    case Wish.STOP:
                        log.info("the job was cancelled", extra={"job": job.id})
        finally:
            shutil.rmtree(directory, ignore_errors=True)  # what is worth keeping is in the blobs

    def _journal(self, job: Job, directory: Path) -> StoreJournal:
        return StoreJournal(
            store=self.store,
            blobs=self.blobs,
            job=job,
            base=self.settings.resolve(job.model),
            organization=self.settings.organization,
            keep_checkpoints=self.settings.training.keep_checkpoints,
            directory=directory,
            kept_rollouts=self.settings.training.kept_rollouts,
            books=self._books(job),
        )

    def _books(self, job: Job) -> Books:
        return Books(
            tariff=Tariff.of(self.settings),
            budget=Budget.of(job.metadata).within(Budget(**self.settings.budget.model_dump())),
            ledger=Ledger.of(job.usage_metrics) if job.usage_metrics is not None else Ledger(),
        )

    async def _publish(self, job: Job, session: Session, journal: StoreJournal) -> None:
        """The last step's weights become the tuned model; the results become files."""
        step, now = session.plan.total_steps, time.time()
        with journal.pulse.at("writing the model"):
            artifact = await session.learner.publish(journal.room("model", step))
            model = journal.publish(artifact, step, now, is_checkpoint=False)
        ending = Ending(job, self.store, self.blobs)
        files = ending.results(now)
        ledger = journal.books.close()
        events = [
            *of_end(ledger),
            NewEvent(f"New fine-tuned model created: {model.name}"),
            NewEvent("The job has successfully completed"),
        ]
        ending.succeed(model.name, Leaving(events, models=[model], files=files), now, ledger)

    async def _pause(self, job: Job, session: Session, journal: StoreJournal) -> None:
        """What was learnt so far becomes a model that can be used; `snapshots` hold what the run goes on from."""
        now = time.time()
        step = self.store.jobs.last_step(job.id)
        there = {checkpoint.step: checkpoint.model for checkpoint in self.store.checkpoints.all(job.id)}
        leaving = Leaving()
        if step not in there:
            with journal.pulse.at("writing the model"):
                artifact = await session.learner.publish(journal.room("model", step))
                model = journal.publish(artifact, step, now, is_checkpoint=True)
            there[step] = model.name
            leaving = Leaving(checkpoints=[journal.checkpoint(model, {"step": step}, now)], models=[model])
        events = [NewEvent(f"The job is paused after step {step}. Snapshot ID: {there[step]}")]
        self.store.jobs.move(
            job.id,
            JobStatus.PAUSED,
            now=now,
            attempt=job.attempt,
            fields={"usage_metrics": journal.books.close().record()},
            leaving=replace(leaving, events=events),
        )

    def _stand_by(self, job: Job, reason: str) -> None:
        """What cannot be stored is no fault of the job's: it is tried again, and in the end paused, never failed.

        Raises `StoreUnavailable` for the former: this process dies, and another takes the job over.
        """
        if job.deaths < DEATHS:
            raise StoreUnavailable(reason)
        event = NewEvent(f"The job is paused, for its steps cannot be stored: {reason}", "error")
        try:
            self.store.jobs.move(
                job.id, JobStatus.PAUSED, now=time.time(), attempt=job.attempt, leaving=Leaving([event])
            )
        except LeaseLost:
            log.info("the job is no longer this run's", extra={"job": job.id})


def _follow_the_worker() -> None:
    """Die with the worker, whose end of standard input closes: nobody else would renew the lease."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
