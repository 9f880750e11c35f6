"""The journal of a run that belongs to a stored job: rows, bytes and the rollouts file."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from burnish.core.ids import new_id, new_model_id
from burnish.core.model_name import tuned_name
from burnish.core.records import Checkpoint, Job, NewEvent, TunedModel
from burnish.policy.roles import Artifact
from burnish.store.blobs import Blobs
from burnish.store.jobs import Leaving
from burnish.store.store import Store
from burnish.work.journal import StepRecord, Wish
from burnish.work.metrics import of_checkpoint
from burnish.work.plan import Plan


@dataclass(slots=True)
class StoreJournal:
    """Writes a run's steps under the job's present attempt."""

    store: Store
    blobs: Blobs
    job: Job
    plan: Plan
    base: str
    """The base model's real name."""
    organization: str
    keep_checkpoints: int
    directory: Path
    """The run's own, for what is on its way to the blobs."""
    _seconds: list[float] = field(default_factory=list)

    @property
    def rollouts_path(self) -> Path:
        """Where the answers are collected, a JSON line each."""
        return self.directory / "rollouts.jsonl"

    def commit(self, record: StepRecord) -> Wish:
        """Events, checkpoint and progress in one transaction. A step that an earlier attempt wrote stays as it is."""
        now = time.time()
        self._seconds.append(record.seconds)
        with self.rollouts_path.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in record.rollouts)
        known = self.store.jobs.last_step(self.job.id) >= record.step
        leaving = Leaving() if known else self._leaving(record, now)
        mean_s = sum(self._seconds) / len(self._seconds)
        desired = self.store.jobs.commit_step(
            self.job.id,
            self.job.attempt,
            record.step,
            now=now,
            fields={
                "trained_tokens": record.trained_tokens,
                "estimated_finish": int(now + mean_s * (self.plan.total_steps - record.step)),
            },
            leaving=leaving,
        )
        for dropped in leaving.dropped_checkpoints:
            self.blobs.delete_directory(_blob(dropped.model))
        return Wish.GO_ON if desired == "run" else Wish.STOP

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

    def room(self, step: int) -> Path:
        """A directory for a step's artifact."""
        return self.directory / f"step-{step}"

    def publish(self, artifact: Artifact, step: int, now: float, *, is_checkpoint: bool) -> TunedModel:
        """The artifact's bytes in the blobs, under a name of its own."""
        name = tuned_name(
            self.job.model, self.organization, self.job.suffix, new_model_id(), step if is_checkpoint else None
        )
        self.blobs.put_directory(_blob(name), artifact.directory)
        return TunedModel(
            name=name,
            created_at=int(now),
            base=self.base,
            job_id=self.job.id,
            step=step,
            blob=_blob(name),
            kind="lora" if artifact.kind == "lora" else "full",
            reasoning_effort=self.plan.reasoning_effort,
        )

    def _leaving(self, record: StepRecord, now: float) -> Leaving:
        events = [NewEvent(record.message, type="metrics", data=record.metrics)]
        if record.published is None:
            return Leaving(events)
        model = self.publish(record.published, record.step, now, is_checkpoint=True)
        events.append(NewEvent(f"Checkpoint created at step {record.step} with Snapshot ID: {model.name}"))
        checkpoint = Checkpoint(
            id=new_id("ftckpt_"),
            job_id=self.job.id,
            created_at=int(now),
            step=record.step,
            model=model.name,
            metrics=of_checkpoint(record.metrics),
        )
        there = self.store.checkpoints.all(self.job.id)
        dropped = superseded([*there, checkpoint], self.keep_checkpoints)
        if checkpoint in dropped:
            self.blobs.delete_directory(model.blob)
            return Leaving(events[:1])
        return Leaving(events, [checkpoint], [model], dropped_checkpoints=dropped)


def superseded(checkpoints: Sequence[Checkpoint], keep: int) -> list[Checkpoint]:
    """All but the `keep` with the highest validation reward; of equals the later step stays."""
    best_last = sorted(checkpoints, key=lambda each: (each.metrics["full_valid_mean_reward"], each.step))
    return best_last[: max(0, len(checkpoints) - keep)]


def _blob(model: str) -> str:
    return "models/" + model.replace(":", "_").replace("/", "_")
