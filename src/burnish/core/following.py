"""Who follows a job from outside, and how far it has come."""

from dataclasses import dataclass
from typing import Literal

FollowerKind = Literal["wandb", "tensorboard"]


@dataclass(frozen=True, slots=True)
class Following:
    """A job that a follower has claimed."""

    job_id: str
    kind: FollowerKind
    position: int
    """The number of the last event that was looked at; 0: none."""
    failures: int
    """In a row, up to now."""
