"""A fine-tuning job's states and the table of legal moves between them."""

from enum import StrEnum

from burnish.core.errors import InvalidRequest


class JobStatus(StrEnum):
    """OpenAI's states; `pausing` and `paused` are missing from its SDK's Literal and parse all the same."""

    VALIDATING_FILES = "validating_files"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether no move leads out of this state."""
        return not LEGAL_MOVES[self]


_S = JobStatus
LEGAL_MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    _S.VALIDATING_FILES: frozenset({_S.QUEUED, _S.FAILED, _S.CANCELLED}),
    _S.QUEUED: frozenset({_S.RUNNING, _S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.QUEUED, _S.PAUSING, _S.PAUSED, _S.SUCCEEDED, _S.FAILED, _S.CANCELLED}),
    _S.PAUSING: frozenset({_S.PAUSED, _S.SUCCEEDED, _S.FAILED, _S.CANCELLED}),
    _S.PAUSED: frozenset({_S.QUEUED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}
"""From a state to those it may move to. `running -> queued` is a job whose worker died."""


def check_move(job_id: str, old: JobStatus, new: JobStatus) -> None:
    """Raise `InvalidRequest` unless a job may move from `old` to `new`."""
    if new in LEGAL_MOVES[old]:
        return
    allowed = ", ".join(sorted(LEGAL_MOVES[old])) or "none: this state is final"
    raise InvalidRequest(
        f"Job '{job_id}' cannot move from '{old}' to '{new}'. Moves allowed from '{old}': {allowed}.",
        code="invalid_job_state",
    )
