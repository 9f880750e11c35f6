"""The journal of a run that belongs to a stored job: rows, bytes and what to go on from.

Bytes are written first, under names that hang on job and step alone, and the row that names them last: what a crash
leaves half done is written again over itself.
"""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from burnish.core.errors import BurnishError
from burnish.core.evaluation import EvalRun
from burnish.core.ids import derived_id
from burnish.core.model_name import name_of
from burnish.core.records import Checkpoint, Job, NewEvent, StoredSnapshot, TunedModel
from burnish.core.rollout import Grade, SampleKey, TokenUsage
from burnish.evals.linked import run_of
from burnish.policy.fingerprint import fingerprint
from burnish.policy.roles import Artifact, Snapshot
from burnish.store.blobs import Blobs
from burnish.store.job_rows import JobFields
from burnish.store.leaving import Leaving
from burnish.store.places import model_blob, rollouts_blob, snapshot_blob
from burnish.store.store import Store
from burnish.work.books import Books
from burnish.work.journal import ResumePoint, StepRecord, Wish
from burnish.work.ledger_events import of_plan
from burnish.work.metrics import of_checkpoint
from burnish.work.plan import Plan
from burnish.work.pulse import Pulse
from burnish.work.ranking import superseded
from burnish.work.stagnation import validations
from burnish.work.transcript import kept

_WISHES: dict[str, Wish] = {"run": Wish.GO_ON, "pause": Wish.PAUSE, "cancel": Wish.STOP}


@dataclass(slots=True)
class StoreJournal:
    """Writes a run's steps under the job's present attempt."""

    store: Store
    blobs: Blobs
    job: Job
    base: str
    """The base model's real name."""
    organization: str
    keep_checkpoints: int
    directory: Path
    """The run's own, for what is on its way to the blobs."""
    kept_rollouts: float = 1.0
    """Share of the training questions whose answers are kept."""
    books: Books = field(default_factory=Books)
    pulse: Pulse = field(default_factory=Pulse)
    _plan: Plan | None = None
    _kept: tuple[StoredSnapshot, ...] = ()
    """The snapshots that the job's row names, best first."""
    _superseded: tuple[int, ...] = ()
    """Steps of snapshots that it named before."""
    _step: int = 0
    """The one that is under way."""

    @property
    def plan(self) -> Plan:
        """The plan that the run began with."""
        assert self._plan is not None
        return self._plan

    def begin(self, plan: Plan) -> ResumePoint | None:
        """The plan goes into the row and the log, once; a later attempt says where it goes on."""
        self._plan = plan
        self.books.begin()
        if self.job.plan is None:
            self.store.jobs.update(
                self.job.id,
                self.job.attempt,
                now=time.time(),
                fields={"plan": plan.record(), "hyperparameters": plan.hyperparameters()},
                leaving=Leaving(
                    [
                        NewEvent("Fine-tuning job started"),
                        NewEvent(plan.sentence(), data={"plan": plan.record()}),
                        of_plan(plan),
                    ]
                ),
            )
            return None
        return self._go_on()

    def wish(self) -> Wish:
        """What the user last asked for."""
        return _WISHES[self.store.jobs.desired(self.job.id)]

    def grade(self, key: SampleKey, digest: str) -> Grade | None:
        """From the table of grades. One that an earlier step asked for costs nothing more."""
        written = self.store.grades.get(key, digest)
        if written is None:
            return None
        return _paid_for(written.grade) if written.step < self._step else written.grade

    def record_grade(self, key: SampleKey, digest: str, grade: Grade) -> None:
        """Into the table of grades. Raises `LeaseLost`."""
        self.store.jobs.check_under_way(self.job.id, self.job.attempt)
        self.store.grades.put(key, digest, grade, self._step)

    def commit(self, record: StepRecord) -> None:
        """Events, checkpoint, snapshot, ledger and progress in one transaction.

        A step that an earlier attempt wrote stays as it is.
        """
        now = time.time()
        self.store.jobs.check_under_way(self.job.id, self.job.attempt)
        lines = kept(record.rollouts, self.job.id, self.kept_rollouts)
        self.blobs.put(rollouts_blob(self.job.id, record.step), _jsonl(lines))
        snapshots = self._keep(record) if record.snapshot is not None else self._kept
        is_known = self.store.jobs.has_step(self.job.id, record.step)
        leaving = Leaving() if is_known else self._leaving(record, now)
        entry = self.books.enter(self.plan, record, is_known=is_known)
        fields: JobFields = {
            "trained_tokens": record.trained_tokens,
            "usage_metrics": entry.ledger.record(),
            "estimated_finish": _moment(now, entry.left_s),
            "snapshots": snapshots,
        }
        if entry.is_spent:
            fields["desired"] = "pause"  # what a user's pause writes: a run that dies now pauses when it comes back
        self.store.jobs.commit_step(
            self.job.id,
            self.job.attempt,
            record.step,
            now=now,
            fields=fields,
            leaving=replace(
                leaving, events=[*leaving.events, *entry.events], eval_runs=self._eval_runs(record.step, lines, now)
            ),
        )
        before = {*self._superseded, *(each.step for each in self._kept)}
        self._superseded = tuple(before - {each.step for each in snapshots})
        self._kept, self._step = snapshots, record.step + 1
        self._tidy(record, leaving)

    def say(
        self,
        message: str,
        *,
        level: Literal["info", "warn", "error"] = "info",
        data: dict[str, Any] | None = None,
    ) -> None:
        """An event that no step is tied to."""
        event = NewEvent(message, level, data=data)
        self.store.jobs.say(self.job.id, self.job.attempt, [event], now=time.time())

    def room(self, kind: Literal["model", "snapshot"], step: int) -> Path:
        """A directory for what a step writes."""
        return self.directory / f"{kind}-{step}"

    def publish(self, artifact: Artifact, step: int, now: float, *, is_checkpoint: bool) -> TunedModel:
        """The artifact's bytes in the blobs, under a name of its own."""
        model = self._model(artifact, step, now, is_checkpoint=is_checkpoint)
        self.blobs.put_directory(model.blob, artifact.directory)
        return model

    def _model(self, artifact: Artifact, step: int, now: float, *, is_checkpoint: bool) -> TunedModel:
        name = name_of(self.job, self.organization, step if is_checkpoint else None)
        return TunedModel(
            name=name,
            created_at=int(now),
            base=self.base,
            job_id=self.job.id,
            step=step,
            blob=model_blob(name),
            kind="lora" if artifact.kind == "lora" else "full",
            reasoning_effort=self.plan.reasoning_effort,
            project=self.job.project,
        )

    def checkpoint(self, model: TunedModel, metrics: dict[str, Any], now: float) -> Checkpoint:
        """The row that names a checkpoint's model."""
        return Checkpoint(
            id=derived_id("ftckpt_", self.job.id, model.step),
            job_id=self.job.id,
            created_at=int(now),
            step=model.step,
            model=model.name,
            metrics=metrics,
        )

    def _go_on(self) -> ResumePoint | None:
        self._superseded = tuple(stored.step for stored in self.job.snapshots)
        why = "The run had died. It goes on" if self.job.deaths else "The run goes on"
        for stored in self.job.snapshots:
            try:
                snapshot = self._fetch(stored)
            except BurnishError as error:
                self.say(f"The snapshot of step {stored.step} cannot be used: {error.message}", level="warn")
                continue
            self._kept, self._step = (stored,), stored.step + 1
            self._say_when(f"{why} after step {stored.step}", self.books.left_s(self.plan, stored.step))
            if stored.fingerprint != fingerprint():
                message = "The machine is another one than before, so the same bits as there are not promised"
                self.say(f"{message}: {fingerprint()}, before: {stored.fingerprint}", level="warn")
            found = validations(self.store.events.all(self.job.id), stored.step)
            return ResumePoint(stored.step, stored.trained_tokens, snapshot, found)
        self.say(f"{why} from the beginning")
        return None

    def _say_when(self, message: str, left_s: float | None) -> None:
        now = time.time()
        self.store.jobs.update(
            self.job.id,
            self.job.attempt,
            now=now,
            fields={"estimated_finish": _moment(now, left_s)},
            leaving=Leaving([NewEvent(message)]),
        )

    def _fetch(self, stored: StoredSnapshot) -> Snapshot:
        directory = self.room("snapshot", stored.step)
        self.blobs.fetch_directory(snapshot_blob(self.job.id, stored.step), directory, stored.files)
        return Snapshot(directory, stored.files)

    def _keep(self, record: StepRecord) -> tuple[StoredSnapshot, ...]:
        """The snapshot's bytes go to the blobs; the one before it stays, should this one be damaged."""
        assert record.snapshot is not None
        files = self.blobs.put_directory(snapshot_blob(self.job.id, record.step), record.snapshot.directory)
        stored = StoredSnapshot(record.step, record.trained_tokens, files, fingerprint())
        return (stored, *(each for each in self._kept if each.step != record.step))[:2]

    def _leaving(self, record: StepRecord, now: float) -> Leaving:
        kind: Literal["metrics", "message"] = "metrics" if record.step else "message"
        events = [NewEvent(record.message, type=kind, data=record.metrics)]
        if record.published is None:
            return Leaving(events)
        model = self._model(record.published, record.step, now, is_checkpoint=True)
        events.append(NewEvent(f"Checkpoint created at step {record.step} with Snapshot ID: {model.name}"))
        checkpoint = self.checkpoint(model, of_checkpoint(record.metrics), now)
        dropped = superseded([*self.store.checkpoints.all(self.job.id), checkpoint], self.keep_checkpoints)
        if checkpoint in dropped:
            return Leaving(events[:1])
        self.blobs.put_directory(model.blob, record.published.directory)
        return Leaving(events, [checkpoint], [model], dropped_checkpoints=dropped)

    def _eval_runs(self, step: int, lines: Sequence[Mapping[str, Any]], now: float) -> list[EvalRun]:
        """What the job's evals show of a step."""
        evals = self.store.evals.of_job(self.job.id)
        runs = [run_of(made, self.job, self.organization, step, lines, now) for made in evals]
        return [run for run in runs if run is not None]

    def _tidy(self, record: StepRecord, leaving: Leaving) -> None:
        """Remove what the commit has made superfluous, here and in the blobs.

        Nothing else: whatever lies beside it may be another attempt's, should this run have been stopped meanwhile.
        """
        for dropped in leaving.dropped_checkpoints:
            self.blobs.delete_directory(model_blob(dropped.model))
        for step in self._superseded:
            self.blobs.delete_directory(snapshot_blob(self.job.id, step))
        self._superseded = ()
        for written in (record.snapshot, record.published):
            if written is not None:
                shutil.rmtree(written.directory)


def _paid_for(grade: Grade) -> Grade:
    return replace(
        grade,
        usage=dict.fromkeys(grade.usage, TokenUsage(0, 0)),
        sandbox_seconds=0.0,
        parts={key: _paid_for(part) for key, part in grade.parts.items()},
    )


def _moment(now: float, left_s: float | None) -> int | None:
    return int(now + left_s) if left_s is not None else None


def _jsonl(lines: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
