"""Rows of the store as frozen values. All times are unix seconds, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from burnish.core.job import JobStatus

Json = Any
DEFAULT_PROJECT = "default"
"""Whose everything is while there is no key, and of a key that names no project."""
Desired = Literal["run", "pause", "cancel"]
"""What the user last asked of a job."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An uploaded or written file; its bytes lie in the blobs under its id."""

    id: str
    bytes: int
    created_at: int
    filename: str
    purpose: str
    project: str
    expires_at: int | None = None


UploadStatus = Literal["pending", "completed", "cancelled", "expired"]
"""No move leads out of any but the first."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes in parts; the parts' bytes lie in the blobs until it is pending no longer."""

    id: str
    bytes: int
    """Of the whole file, as declared beforehand."""
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    project: str
    status: UploadStatus = "pending"
    file_expires_s: int | None = None
    """How long the file that it becomes is kept; None: until it is deleted."""
    file_id: str | None = None
    """The file that the latest try to complete it makes, or made."""


@dataclass(frozen=True, slots=True)
class UploadPart:
    """Some bytes of an upload."""

    id: str
    upload_id: str
    created_at: int
    bytes: int


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed."""

    code: str
    message: str
    param: str | None


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """From where a job's run can go on: its files lie in the blobs."""

    step: int
    trained_tokens: int
    files: Mapping[str, str]
    """File name -> sha256."""
    fingerprint: str
    """Of the machine; on another one the same bits are not promised."""


@dataclass(frozen=True, slots=True)
class Job:
    """A fine-tuning job."""

    id: str
    created_at: int
    status: JobStatus
    model: str
    """The base model's name as the request sent it (an alias is echoed, not resolved)."""
    request: Mapping[str, Json]
    """The body of POST /fine_tuning/jobs, as validated, defaults filled in."""
    seed: int
    training_file: str
    validation_file: str | None
    suffix: str | None
    metadata: Mapping[str, str] | None
    project: str
    """Whose the job is, and all that it makes."""
    hyperparameters: Mapping[str, Json]
    """As echoed: "auto" until the plan stands, then numbers."""
    desired: Desired = "run"
    """What the user last asked for; the run looks at it between steps."""
    attempt: int = 0
    """How often a worker has claimed the job; later writes name it, so that a dead worker's are refused."""
    started_at: int | None = None
    finished_at: int | None = None
    estimated_finish: int | None = None
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    error: JobError | None = None
    result_files: tuple[str, ...] = ()
    usage_metrics: Mapping[str, Json] | None = None
    plan: Mapping[str, Json] | None = None
    """What `work/plan.py` resolved; None until then."""
    snapshots: tuple[StoredSnapshot, ...] = ()
    """The last two, newest first: should one be damaged, there is the other."""
    deaths: int = 0
    """How often in a row a worker or run died on this job without getting a step further."""
    eval_id: str | None = None
    """The eval that shows its validation passes; None for jobs from before there were any."""
    train_eval_id: str | None = None
    """The eval that shows what it learnt from."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's log."""

    id: str
    job_id: str
    number: int
    """Counts a job's events from 1; the order of paging."""
    created_at: int
    level: Literal["info", "warn", "error"]
    message: str
    type: Literal["message", "metrics"]
    data: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before the store has numbered it."""

    message: str
    level: Literal["info", "warn", "error"] = "info"
    type: Literal["message", "metrics"] = "message"
    data: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A published step of a job; servable under `model`."""

    id: str
    job_id: str
    created_at: int
    step: int
    model: str
    metrics: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class TunedModel:
    """A model that a job published: a LoRA adapter on a base, or full weights."""

    name: str
    """`ft:<base>:<org>:<suffix>:<id>`, a checkpoint's ending in `:ckpt-step-<n>`."""
    created_at: int
    base: str
    """The base model's real name (aliases resolved) or directory."""
    job_id: str
    step: int
    blob: str
    """Prefix of its files in the blobs."""
    kind: Literal["lora", "full"]
    reasoning_effort: str
    """The effort it was trained at: its default when served."""
    project: str
    """Whose job it was; others may use it by a `Permission`."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Lets another project use a tuned model."""

    id: str
    created_at: int
    model: str
    project: str
    """The one that may."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that a model answered, kept because the caller asked for that."""

    id: str
    kind: Literal["chat.completion", "response"]
    created_at: int
    model: str
    """The name that it was asked by."""
    project: str
    metadata: Mapping[str, str] | None
    request: Mapping[str, Json]
    """What was asked: chat's body, or a response's input items."""
    answer: Mapping[str, Json]
    """The object that was answered."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thought of an answer."""

    id: str
    created_at: int
    project: str
    model: str
    """The name that it was asked by."""
    messages: Sequence[Mapping[str, Json]]
    """What it was asked."""
    answer: str
    rating: Literal["up", "down"] | None
    correction: str | None
    """The answer as it should have been."""
    note: str | None


@dataclass(frozen=True, slots=True)
class Key:
    """An API key: its sha256 is stored, never the key itself."""

    id: str
    name: str
    prefix: str
    """The key's first characters, so that people can tell keys apart."""
    created_at: int
    project: str
    is_admin: bool
    """Whether it may manage permissions."""
    revoked_at: int | None = None
