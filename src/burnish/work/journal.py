"""The journal: the only way out of a run. What is not committed here did not happen.

After a crash the run begins at the last commit: the step that was under way is done again, with the grades that were
written down (docs/engine.md, exactness).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from burnish.core.rollout import Grade, SampleKey
from burnish.policy.roles import Artifact, Snapshot
from burnish.work.plan import Plan
from burnish.work.pulse import Pulse
from burnish.work.stagnation import Validation
from burnish.work.usage import Usage


class Wish(StrEnum):
    """What the run is to do next."""

    GO_ON = "go on"
    PAUSE = "pause"
    STOP = "stop"
    ENOUGH = "enough"
    """End with the best checkpoint, for nothing improves; the plan's wish, not the user's."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where an earlier attempt of the run left off."""

    step: int
    """The last step that is in the snapshot."""
    trained_tokens: int
    snapshot: Snapshot
    validations: Sequence[Validation] = ()
    """What the passes up to that step found."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """All that a step leaves behind; committed in one transaction, idempotent by (job, step)."""

    step: int
    """From 1; 0 is the validation pass before any update."""
    message: str
    """The event's text, in OpenAI's form."""
    metrics: dict[str, Any]
    """The event's data."""
    trained_tokens: int
    """Output tokens that the policy learnt from, since the job began."""
    usage: Usage
    """What the step used; the ledger sums it up."""
    snapshot: Snapshot | None = None
    """From which the next step can begin; None on steps between snapshots."""
    published: Artifact | None = None
    """The servable model of a validated step; it becomes a checkpoint."""
    rollouts: Sequence[dict[str, Any]] = ()
    """One JSON line per answer, for the rollouts file."""


class Journal(Protocol):
    """Where a run writes, and learns what is wanted of it."""

    @property
    def pulse(self) -> Pulse:
        """What the run says of itself while it is at something."""
        ...

    def begin(self, plan: Plan) -> ResumePoint | None:
        """Tell the plan, or, where an earlier attempt has, where to go on."""
        ...

    def wish(self) -> Wish:
        """What the user wants."""
        ...

    def grade(self, key: SampleKey, digest: str) -> Grade | None:
        """The grade that was written for this answer by this grader."""
        ...

    def record_grade(self, key: SampleKey, digest: str, grade: Grade) -> None:
        """Write a grade down, before it is used. Raises `LeaseLost` when the job is no longer this run's."""
        ...

    def commit(self, record: StepRecord) -> None:
        """Write a step down. Raises `LeaseLost` when the job is no longer this run's."""
        ...

    def say(
        self, message: str, *, level: Literal["info", "warn", "error"] = "info", data: dict[str, Any] | None = None
    ) -> None:
        """Tell people something; no part of the exact record."""
        ...

    def room(self, kind: Literal["model", "snapshot"], step: int) -> Path:
        """Where a step may put a directory, until it is committed."""
        ...
