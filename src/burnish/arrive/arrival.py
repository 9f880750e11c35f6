"""An import: files, jobs and evals of another server, each once, from wherever an earlier import has come to.

In memory are the ids of all jobs, the log of one job, and one page of whatever else comes.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from burnish.arrive import records, shapes
from burnish.arrive.report import Report
from burnish.arrive.source import Source
from burnish.core.errors import NotGiven, StoreUnavailable, Unavailable
from burnish.core.records import Event
from burnish.store.arrivals import Kind, Standing
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.store import Store

Json = Any
CONTENT_TRIES = 3
_MANY, _SOME = 100, 20
"""Objects a page; runs may hold all of their rows."""
_OWN = "An object of this store that did not come from elsewhere has that id."
_ELSEWHERE = "It is in another project of this store; an id stands for one object."


@dataclass(slots=True)
class Arrival:
    """Of one source in one project."""

    source: Source
    store: Store
    blobs: Blobs
    project: str
    report: Report
    tell: Callable[[str], None] = lambda _text: None
    """Hears what is being fetched."""
    clock: Callable[[], float] = time.time

    def files(self) -> None:
        """Every file whose content is given. Raises `InvalidKey` and `Unavailable`; so do the others."""
        with self._missing("files", "all"):
            for page in self.source.pages("/files", limit=_MANY, order="asc"):
                for body in page:
                    with self._missing("files", body["id"]):
                        self._file(shapes.read(shapes.File, body))

    def _file(self, sent: shapes.File) -> None:
        if self._is_to_come("file", "files", sent.id) is None:
            return
        self.tell(f"file {sent.id} ({sent.filename})")
        size = self._content(sent.id)
        self.store.arrivals.file(records.file(sent, size, self.project), self.source.name, self.clock())
        self.report.came["files"] += 1

    def _content(self, file_id: str) -> int:
        for attempt in range(1, CONTENT_TRIES + 1):
            try:
                return self.blobs.put_pieces(file_blob(file_id), self.source.content(file_id)).bytes
            except Unavailable as error:
                if attempt == CONTENT_TRIES or isinstance(error, StoreUnavailable):
                    raise
        raise AssertionError("the loop returns or raises")

    def jobs(self) -> None:
        """Every reinforcement job that has ended, with its events and checkpoints, oldest first."""
        ids: list[str] = []
        with self._missing("jobs", "all"):
            for page in self.source.pages("/fine_tuning/jobs", limit=_MANY):
                ids += [body["id"] for body in page]
        for job_id in reversed(ids):
            with self._missing("jobs", job_id):
                self._job(job_id)

    def _job(self, job_id: str) -> None:
        if self._is_to_come("job", "jobs", job_id) is None:
            return
        self.tell(f"job {job_id}")
        path = f"/fine_tuning/jobs/{job_id}"
        sent = shapes.read(shapes.Job, self.source.object(path))
        job = records.job(sent, self.project)
        events = self._events(job_id)
        checkpoints = [
            records.checkpoint(shapes.read(shapes.Checkpoint, body), job_id)
            for page in self.source.pages(f"{path}/checkpoints", limit=_MANY)
            for body in page
        ]
        self.store.arrivals.job(job, events, checkpoints, self.source.name, self.clock())
        self.report.came.update(jobs=1, events=len(events), checkpoints=len(checkpoints))
        for reason in records.unfit([job.request["method"]["reinforcement"]["grader"]]):
            self.report.note("jobs", job_id, reason)
        if sent.usage_metrics and job.usage_metrics is None:
            self.report.note("jobs", job_id, "Its usage_metrics are of no shape that is known here, and are left out.")
        for model in filter(None, (job.fine_tuned_model, *(each.model for each in checkpoints))):
            self.report.note("models", model, "Its weights stay where they are: the API gives none.")

    def _events(self, job_id: str) -> list[Event]:
        """Oldest first; they are given newest first."""
        bodies = [
            body for page in self.source.pages(f"/fine_tuning/jobs/{job_id}/events", limit=_MANY) for body in page
        ]
        sent = [shapes.read(shapes.Event, body) for body in reversed(bodies)]
        return [records.event(each, job_id, number) for number, each in enumerate(sent, start=1)]

    def evals(self) -> None:
        """Every eval with its runs that have ended, and their items, oldest first."""
        with self._missing("evals", "all"):
            for page in self.source.pages("/evals", limit=_MANY, order="asc"):
                for body in page:
                    with self._missing("evals", body["id"]):
                        self._eval(shapes.read(shapes.Eval, body))

    def _eval(self, sent: shapes.Eval) -> None:
        if self._is_to_come("eval", "evals", sent.id) is not None:
            self.tell(f"eval {sent.id} ({sent.name})")
            made = records.evaluation(sent, self.project)
            self.store.arrivals.eval(made, self.source.name, self.clock())
            self.report.came["evals"] += 1
            for reason in records.unfit(made.testing_criteria):
                self.report.note("evals", sent.id, reason)
        path = f"/evals/{sent.id}/runs"
        with self._missing("runs", f"of {sent.id}"):
            for page in self.source.pages(path, limit=_SOME, order="asc"):
                for body in page:
                    with self._missing("runs", body["id"]):
                        self._run(shapes.read(shapes.Run, body), sent.id)

    def _run(self, sent: shapes.Run, eval_id: str) -> None:
        standing = self._is_to_come("run", "runs", sent.id)
        if standing is None:
            return
        self.tell(f"run {sent.id} ({sent.name}) of eval {eval_id}")
        if standing is Standing.ABSENT:
            run = records.run(sent, eval_id)
            self.store.arrivals.run(run, self.source.name, self.clock())
            self.report.came["runs"] += 1
        arrived = self.store.arrivals.require("run", sent.id)
        with self._missing("items", f"of {sent.id}"):
            self._items(eval_id, sent.id, arrived.last_item, arrived.places)

    def _items(self, eval_id: str, run_id: str, after: str | None, place: int) -> None:
        path = f"/evals/{eval_id}/runs/{run_id}/output_items"
        for page in self.source.pages(path, limit=_MANY, order="asc", after=after):
            self.tell(f"run {run_id} of eval {eval_id}: {place + len(page)} items")
            items = []
            for number, body in enumerate(page, start=place):
                with self._missing("items", body["id"]):
                    items.append(records.item(shapes.read(shapes.Item, body), run_id, number))
            place += len(page)
            if page:
                self.store.arrivals.items(run_id, items, last_item=page[-1]["id"], places=place)
            self.report.came["items"] += len(items)
        self.store.arrivals.finish(run_id)

    def _is_to_come(self, kind: Kind, plural: str, object_id: str) -> Standing | None:
        """What is here of an object of which something is to come; None where nothing is. Raises `NotGiven`."""
        standing = self.store.arrivals.standing(kind, object_id, self.project)
        match standing:
            case Standing.OWN:
                raise NotGiven(_OWN)
            case Standing.ELSEWHERE:
                raise NotGiven(_ELSEWHERE)
            case Standing.WHOLE:
                self.report.were_here[plural] += 1
                return None
        return standing

    @contextmanager
    def _missing(self, kind: str, object_id: str) -> Iterator[None]:
        """What is not given is told, and the rest goes on."""
        try:
            yield
        except NotGiven as error:
            self.report.miss(kind, object_id, error.message)


def bring(arrival: Arrival, kinds: Sequence[str]) -> None:
    """Import these kinds, in the order in which they refer to each other."""
    for kind, step in (("files", arrival.files), ("jobs", arrival.jobs), ("evals", arrival.evals)):
        if kind in kinds:
            step()
