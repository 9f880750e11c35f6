"""A follower: writes what a job's events tell to a log outside, after it was committed, and holds up nothing.

A log that is opened again, after a pause or a crash, is told everything from the first step on; it sees to it that
nothing stands in it twice. Whatever goes wrong is a warning in the job's events, and is tried again.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from burnish.core.errors import StoreUnavailable
from burnish.core.following import FollowerKind, Following
from burnish.core.job import JobStatus
from burnish.core.points import is_step, points
from burnish.core.records import Event, Job, NewEvent
from burnish.store.store import Store

log = logging.getLogger(__name__)

LEASE_S = 120.0
"""How long a claim lasts unless it is renewed; longer than a log may take to open and to close."""
AT_ONCE = 64
"""Most jobs that a follower looks after."""
FIRST_PAUSE_S = 5.0
"""After the first failure; each later pause is four times the one before."""
LONGEST_PAUSE_S = 3600.0
FAILURES = 24
"""In a row; then the job is followed no more. They take about 20 hours."""
_REASON = 500
"""Characters of a reason that are told."""
TITLES: Mapping[FollowerKind, str] = {"wandb": "Weights & Biases", "tensorboard": "TensorBoard"}


class Log(Protocol):
    """Where the points of one job go."""

    @property
    def announcement(self) -> str | None:
        """What the job's events say of it, once."""
        ...

    def write(self, step: int, at: int, values: Mapping[str, float]) -> None:
        """Add a step's points; steps come in order, `at` in unix seconds."""
        ...

    def flush(self) -> None:
        """See to it that what was written can be read."""
        ...

    def close(self, job: Job) -> None:
        """Nothing more is written for now; for good, where the job has ended."""
        ...

    def drop(self) -> None:
        """Let go of it, whatever becomes of it: it failed, or is another's by now."""
        ...


@dataclass(slots=True)
class _Open:
    """A log that is open."""

    log: Log
    number: int = 0
    """Of the last event that is in it."""

    def write(self, events: Sequence[Event]) -> None:
        """Add the steps that these events tell of, but for those that are in it."""
        steps = [event for event in events if event.number > self.number and is_step(event)]
        for event in steps:
            assert event.data is not None
            self.log.write(event.data["step"], event.created_at, points(event.data))
            self.number = event.number
        if steps:
            self.log.flush()


@dataclass(slots=True)
class Follower:
    """Of one kind, for as many jobs as there are."""

    kind: FollowerKind
    store: Store
    open_log: Callable[[Job], Log]
    owner: str
    """Its name among the followers of all processes."""
    clock: Callable[[], float] = time.time
    _logs: dict[str, _Open] = field(default_factory=dict)
    """By job."""

    def turn(self) -> None:
        """Look after every job once. Raises `StoreUnavailable`."""
        mine = self.store.followers.claim(self.kind, self.owner, limit=AT_ONCE, lease_s=LEASE_S, now=self.clock())
        for following in mine:
            error = self._failure_of(partial(self._advance, following), following.job_id)
            if error is not None:
                self._give_back(following, error)

    def close(self) -> None:
        """Close every log, and leave the jobs to the next follower. Raises `StoreUnavailable`."""
        for job_id, opened in self._logs.items():
            self._failure_of(partial(opened.log.close, self.store.jobs.require(job_id)), job_id)
        self._logs.clear()
        self.store.followers.release(self.owner)

    def _failure_of(self, act: Callable[[], None], job_id: str) -> Exception | None:
        """What a library raised, if it did. Raises `StoreUnavailable`."""
        try:
            act()
        except StoreUnavailable:
            raise
        except Exception as error:
            log.warning("a follower failed", extra={"job": job_id, "kind": self.kind}, exc_info=True)
            return error
        return None

    def _advance(self, following: Following) -> None:
        job = self.store.jobs.require(following.job_id)  # before its events, so that those of its end are among them
        news = self.store.events.since(job.id, following.position)
        said = self._open(job, news) if job.id not in self._logs else []
        if job.id in self._logs:
            self._logs[job.id].write(news)
            if job.status.is_final or job.status is JobStatus.PAUSED:
                self._logs[job.id].log.close(job)
                del self._logs[job.id]
        is_mine = self.store.followers.advance(
            following,
            self.owner,
            position=news[-1].number if news else following.position,
            is_kept=job.id in self._logs,
            is_done=job.status.is_final,
            events=said,
            now=self.clock(),
        )
        if not is_mine:
            self._drop(job.id)

    def _open(self, job: Job, news: Sequence[Event]) -> list[NewEvent]:
        """Open the log where there is something to write, and tell it all so far; what the job's events say of it."""
        events = self.store.events.all(job.id)
        if not any(map(is_step, events if job.status.is_final else news)):
            return []
        opened = self._logs[job.id] = _Open(self.open_log(job))
        opened.write(events)
        said = opened.log.announcement
        return [NewEvent(said)] if said is not None and said not in {event.message for event in events} else []

    def _drop(self, job_id: str) -> None:
        if (opened := self._logs.pop(job_id, None)) is not None:
            self._failure_of(opened.log.drop, job_id)

    def _give_back(self, following: Following, error: Exception) -> None:
        self._drop(following.job_id)
        reason = (str(error) or type(error).__name__)[:_REASON].rstrip(".")
        is_last = following.failures + 1 >= FAILURES
        events = []
        if is_last:
            events = [
                NewEvent(f"{TITLES[self.kind]} follows the job no more, after {FAILURES} tries: {reason}", "warn")
            ]
        elif following.failures == 0:
            message = (
                f"{TITLES[self.kind]} does not follow at present: {reason}. The job goes on, and it is tried again"
            )
            events = [NewEvent(message, "warn")]
        now = self.clock()
        due = None if is_last else now + min(FIRST_PAUSE_S * 4.0 ** min(following.failures, 10), LONGEST_PAUSE_S)
        self.store.followers.fail(following, self.owner, due=due, events=events, now=now)
