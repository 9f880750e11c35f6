"""The journal: the only way out of a run. What is not committed here did not happen."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from burnish.policy.roles import Artifact


class Wish(StrEnum):
    """What the run is to do after a commit."""

    GO_ON = "go on"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """All that a step leaves behind; committed in one transaction, idempotent by (job, step)."""

    step: int
    message: str
    """The event's text, in OpenAI's form."""
    metrics: dict[str, Any]
    """The event's data."""
    trained_tokens: int
    """Output tokens that the policy learnt from, since the job began."""
    seconds: float
    """Wall time of the step; a clock field, from which `estimated_finish` follows."""
    published: Artifact | None = None
    """The servable model of a validated step; it becomes a checkpoint."""
    rollouts: Sequence[dict[str, Any]] = ()
    """One JSON line per answer, for the rollouts file."""


class Journal(Protocol):
    """Where a run writes, and learns what is wanted of it."""

    def commit(self, record: StepRecord) -> Wish:
        """Write a step down. Raises `LeaseLost` when the job is no longer this run's."""
        ...

    def say(
        self, message: str, *, level: Literal["info", "warn", "error"] = "info", data: dict[str, Any] | None = None
    ) -> None:
        """Tell people something; no part of the exact record."""
        ...

    def room(self, step: int) -> Path:
        """A fresh directory for a step's artifact."""
        ...
