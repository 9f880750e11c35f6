"""Evals as rows: what is measured, a run of it on a model or on stored answers, and each item's outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from burnish.core.records import JobError
from burnish.core.rollout import Phase, TokenUsage

Json = Any


class RunStatus(StrEnum):
    """The states of a run, spelt as OpenAI spells them."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether no move leads out of it."""
        return self not in (RunStatus.QUEUED, RunStatus.IN_PROGRESS)


NO_TOKENS = TokenUsage(0, 0)
Verdict = Literal["pass", "fail", "error"]
"""Of an item: all criteria passed, one did not, or there is no telling."""


@dataclass(frozen=True, slots=True)
class Eval:
    """What is measured: how items look, and the criteria by which answers pass."""

    id: str
    created_at: int
    updated_at: int
    name: str
    project: str
    data_source_config: Mapping[str, Json]
    """As sent, defaults filled in."""
    testing_criteria: tuple[Mapping[str, Json], ...]
    """Grader specs, each with its `id`."""
    metadata: Mapping[str, str] | None = None
    job_id: str | None = None
    """The job whose answers it shows; None: it was made by a request."""
    phase: Phase | None = None
    """Which of the job's answers."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of a run came to what."""

    total: int = 0
    """All that there will be."""
    passed: int = 0
    failed: int = 0
    errored: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """How many items passed one criterion, and how many did not."""

    passed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What was asked of one model."""

    invocations: int = 0
    tokens: TokenUsage = NO_TOKENS

    def __add__(self, other: "ModelUse") -> "ModelUse":
        return ModelUse(self.invocations + other.invocations, self.tokens + other.tokens)


@dataclass(frozen=True, slots=True)
class EvalRun:
    """One pass of an eval over its items."""

    id: str
    eval_id: str
    created_at: int
    name: str
    status: RunStatus
    model: str | None
    """Whose answers are measured; None where stored answers name none."""
    data_source: Mapping[str, Json]
    """As sent, defaults filled in."""
    metadata: Mapping[str, str] | None = None
    tally: Tally = Tally()
    criteria: Mapping[str, Count] = field(default_factory=dict)
    """By criterion's id."""
    usage: Mapping[str, ModelUse] = field(default_factory=dict)
    """By model name: the one that is measured, and judges."""
    error: JobError | None = None
    file_id: str | None = None
    """The file that its items come from, where they do."""
    step: int | None = None
    """The step of the job whose answers these are; its items lie in the job's rollouts."""
    attempt: int = 0
    """How often it was claimed; later writes name it, so that those of a dead process are refused."""
    started_at: int | None = None
    finished_at: int | None = None


@dataclass(frozen=True, slots=True)
class EvalItem:
    """One answer to one row, and what the criteria say of it."""

    id: str
    run_id: str
    place: int
    """Names it within its run for ever: the row's place times the answers per row, plus the answer's."""
    created_at: int
    row: int
    """The row's place in the data source, from 0."""
    status: Verdict
    item: Mapping[str, Json]
    """The row."""
    results: Sequence[Mapping[str, Json]]
    """One per criterion, in OpenAI's shape."""
    sample: Mapping[str, Json]
    """The answer, in OpenAI's shape."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What some items add to their run, written together with them."""

    items: Sequence[EvalItem]
    usage: Mapping[str, ModelUse]
