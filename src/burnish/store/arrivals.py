"""What came from another server: written as it was there, each object once, whole or with how far it has come."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

import sqlalchemy as sa

from burnish.core.errors import NotFound, NotGiven
from burnish.core.evaluation import Eval, EvalItem, EvalRun
from burnish.core.records import Checkpoint, Event, Job, StoredFile
from burnish.store.checkpoints import insert_checkpoints
from burnish.store.database import Database
from burnish.store.eval_items import insert_items
from burnish.store.eval_runs import insert_run
from burnish.store.evals import insert_eval
from burnish.store.events import insert_events
from burnish.store.files import insert_file
from burnish.store.jobs import insert_job
from burnish.store.tables import arrivals as table
from burnish.store.tables import eval_runs, evals, files, jobs

Kind = Literal["file", "job", "eval", "run"]


class Standing(StrEnum):
    """What is here of an object of another server."""

    ABSENT = "absent"
    """Nothing: it never came, or was deleted since."""
    BEGUN = "begun"
    """Some of it."""
    WHOLE = "whole"
    OWN = "own"
    """Its id is that of an object which did not come from elsewhere."""
    ELSEWHERE = "elsewhere"
    """It is another project's."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An object that came."""

    kind: Kind
    id: str
    source: str
    """The address of the server that gave it."""
    came_at: int
    is_whole: bool = True
    last_item: str | None = None
    """Of a run: the id of the last item that has come."""
    places: int = 0
    """Of a run: how many items it had up to there."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The table of what came, and the way in: nothing is queued, followed or announced.

    Every write raises `NotGiven` where an id is taken.
    """

    database: Database

    def standing(self, kind: Kind, object_id: str, project: str) -> Standing:
        """What is here of an object that is to come to a project."""
        with self.database.read() as connection:
            owner: str | None = connection.execute(_owner(kind, object_id)).scalar()
            came = _one(kind, object_id).with_only_columns(table.c.is_whole)
            is_whole: bool | None = connection.execute(came).scalar()
        if owner is None:
            return Standing.ABSENT
        if owner != project:
            return Standing.ELSEWHERE
        if is_whole is None:
            return Standing.OWN
        return Standing.WHOLE if is_whole else Standing.BEGUN

    def require(self, kind: Kind, object_id: str) -> Arrived:
        """How an object came. Raises `NotFound`."""
        with self.database.read() as connection:
            row = connection.execute(_one(kind, object_id)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"No {kind} with id '{object_id}' came from another server.")
        return Arrived(**row)

    def file(self, file: StoredFile, source: str, now: float) -> None:
        """Add a file, once its bytes are in the blobs."""
        with self._arriving(Arrived("file", file.id, source, int(now))) as connection:
            insert_file(connection, file)

    def job(
        self, job: Job, events: Sequence[Event], checkpoints: Sequence[Checkpoint], source: str, now: float
    ) -> None:
        """Add a job that has ended, with its log and its checkpoints."""
        with self._arriving(Arrived("job", job.id, source, int(now))) as connection:
            insert_job(connection, job)
            insert_events(connection, job.id, events)
            insert_checkpoints(connection, checkpoints)

    def eval(self, made: Eval, source: str, now: float) -> None:
        """Add an eval."""
        with self._arriving(Arrived("eval", made.id, source, int(now))) as connection:
            insert_eval(connection, made)

    def run(self, run: EvalRun, source: str, now: float) -> None:
        """Add a run that has ended, for its items to follow."""
        with self._arriving(Arrived("run", run.id, source, int(now), is_whole=False)) as connection:
            insert_run(connection, run)

    def items(self, run_id: str, items: Sequence[EvalItem], *, last_item: str, places: int) -> None:
        """Add the next items of a run: those up to this one, which makes so many places in all."""
        with _told(f"the items of run '{run_id}'"), self.database.write() as connection:
            insert_items(connection, items)
            _set(connection, run_id, last_item=last_item, places=places)

    def finish(self, run_id: str) -> None:
        """Write down that all items of a run have come."""
        with self.database.write() as connection:
            _set(connection, run_id, is_whole=True)

    @contextmanager
    def _arriving(self, arrived: Arrived) -> Iterator[sa.Connection]:
        with _told(f"{arrived.kind} '{arrived.id}'"), self.database.write() as connection:
            yield connection
            gone = sa.delete(table).where(table.c.kind == arrived.kind, table.c.id == arrived.id)
            connection.execute(gone)  # it came before, and was deleted since
            connection.execute(sa.insert(table).values(**asdict(arrived)))


def _set(connection: sa.Connection, run_id: str, **values: Any) -> None:
    connection.execute(sa.update(table).where(table.c.kind == "run", table.c.id == run_id).values(**values))


def _one(kind: Kind, object_id: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c.kind == kind, table.c.id == object_id)


def _owner(kind: Kind, object_id: str) -> sa.Select[Any]:
    """The project of the object with this id."""
    if kind == "run":
        return sa.select(evals.c.project).join(eval_runs).where(eval_runs.c.id == object_id)
    of_kind = {"file": files, "job": jobs, "eval": evals}[kind]
    return sa.select(of_kind.c.project).where(of_kind.c.id == object_id)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise NotGiven(f"Part of {what} has an id that is taken here; perhaps another import is running.") from error
