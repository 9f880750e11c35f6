"""The worker: claims jobs under a lease, validates their files, and runs each in a child process of its own.

Any number of workers share a database. A run that takes its process down (out of memory, a crash in a kernel) takes
down only its child. Validation is claimed apart from training, so that a new job's files are checked within seconds
while others train.
"""

import logging
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from burnish.core.errors import JobFailure, LeaseLost, StoreUnavailable
from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent
from burnish.settings import Settings, child_environment
from burnish.store.blobs import Blobs
from burnish.store.store import Store
from burnish.work import pulse
from burnish.work.check import validate
from burnish.work.ending import Ending
from burnish.work.leftovers import clear, run_directory, sweep
from burnish.work.watchdog import Alarm, Watchdog

log = logging.getLogger(__name__)

DEATHS = 3
"""How often in a row a run may die without getting a step further, before its job ends."""


@dataclass(slots=True)
class Worker:
    """As many jobs at a time as the settings say."""

    settings: Settings
    store: Store
    blobs: Blobs
    name: str
    command: Callable[[Job], Sequence[str]]
    """The command line of a job's run."""
    _runs: "list[_Run]" = field(default_factory=list, init=False)

    def work(self, is_stopping: Callable[[], bool]) -> None:
        """Until told to stop; runs under way are then ended, and their jobs given back."""
        sweep(self.settings, self.store, self.blobs)
        try:
            while not is_stopping():
                if not self._turn_if_possible():
                    time.sleep(self.settings.poll_s)
        finally:
            for run in self._runs:
                run.process.terminate()  # all of them at once: they may take their time side by side
            for run in self._runs:
                run.end()
                self._give_back(run)

    def _give_back(self, run: "_Run") -> None:
        """For the next worker, which need not wait for the lease; the run did not die of itself."""
        try:
            clear(run.job, self.settings, self.store, self.blobs)
            self.store.jobs.release(run.job.id, run.job.attempt, has_died=False)
        except StoreUnavailable as error:
            log.error("the store is not available; the job's lease will run out", extra={"error": error.message})

    def turn(self) -> bool:
        """Look after everything once; whether there was something to do."""
        return self._validate() or self._tend() or self._start()

    def _turn_if_possible(self) -> bool:
        """A store that is locked, full or away is waited for: the runs notice for themselves."""
        try:
            return self.turn()
        except StoreUnavailable as error:
            log.error("the store is not available; trying again", extra={"error": error.message})
            return False

    def _validate(self) -> bool:
        job = self._claim(JobStatus.VALIDATING_FILES)
        if job is None:
            return False
        if self._is_hopeless(job):
            return True
        log.info("validating files", extra={"job": job.id})
        try:
            validate(job, self.settings, self.store, self.blobs)
        except LeaseLost:
            log.info("the job ended while its files were validated", extra={"job": job.id})
        return True

    def _start(self) -> bool:
        if len(self._runs) >= self.settings.concurrent_jobs:
            return False
        job = self._claim(JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSING)
        if job is None:
            return False
        if self._is_hopeless(job):
            return True
        log.info("starting a run", extra={"job": job.id, "attempt": job.attempt})
        process = subprocess.Popen(
            self.command(job), env=child_environment(self.settings), stdin=subprocess.PIPE, start_new_session=True
        )
        watchdog = Watchdog(self.settings, run_directory(self.settings, job) / pulse.FILE)
        self._runs.append(_Run(job, process, watchdog, time.monotonic()))
        return True

    def _tend(self) -> bool:
        """Renew the leases; end the runs that lost their job or get on no more; notice those that ended."""
        ended = [run for run in self._runs if self._has_ended(run)]
        self._runs = [run for run in self._runs if run not in ended]
        return bool(ended)

    def _has_ended(self, run: "_Run") -> bool:
        code = run.process.poll()
        if code is None:
            if time.monotonic() - run.renewed > min(self.settings.lease_s / 6, 2.0):
                run.renewed = time.monotonic()
                if not self.store.jobs.heartbeat(run.job.id, run.job.attempt, self.settings.lease_s, time.time()):
                    log.info("ending a run whose job is no longer its own", extra={"job": run.job.id})
                    run.end()
                elif (alarm := run.watchdog.look(run.renewed)) is not None:
                    self._raise(alarm, run)
            return False
        run.process.communicate()  # closes our end of its standard input
        log.info("a run ended", extra={"job": run.job.id, "code": code})
        clear(run.job, self.settings, self.store, self.blobs)
        self.store.jobs.release(run.job.id, run.job.attempt)
        return True

    def _raise(self, alarm: Alarm, run: "_Run") -> None:
        """Tell that a run gets on no more, and end it where that is over; its job is claimed again."""
        log.warning(alarm.message, extra={"job": run.job.id})
        try:
            self.store.jobs.say(run.job.id, run.job.attempt, [NewEvent(alarm.message, "warn")], now=time.time())
        except LeaseLost:
            log.info("the job is no longer this run's", extra={"job": run.job.id})
        if alarm.is_over:
            run.end()

    def _is_hopeless(self, job: Job) -> bool:
        """Whether the job has taken down too many runs; then it is ended here."""
        if job.deaths <= DEATHS:
            return False
        message = f"The run died {job.deaths} times without getting a step further; the server's log may say why."
        Ending(job, self.store, self.blobs).fail(JobFailure(message, code="server_error"))
        clear(job, self.settings, self.store, self.blobs)
        return True

    def _claim(self, *statuses: JobStatus) -> Job | None:
        return self.store.jobs.claim(self.name, statuses, self.settings.lease_s, time.time())


@dataclass(slots=True)
class _Run:
    job: Job
    process: "subprocess.Popen[bytes]"
    watchdog: Watchdog
    renewed: float
    """When the lease was last renewed, on the monotonic clock."""

    def end(self) -> None:
        """Ask, wait, insist; one that hangs in the kernel, on a disk that does not answer, is left to end later."""
        for ask in (self.process.terminate, self.process.kill):
            ask()
            try:
                self.process.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                continue
            return
        log.error("a run cannot be ended yet", extra={"job": self.job.id, "pid": self.process.pid})
