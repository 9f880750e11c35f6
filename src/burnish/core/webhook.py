"""What endpoints are told, and how that went. All times are unix seconds, UTC."""

from dataclasses import dataclass
from typing import Literal

EventType = Literal[
    "fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled", "fine_tuning.job.paused"
]
OPENAIS: tuple[EventType, ...] = (
    "fine_tuning.job.succeeded",
    "fine_tuning.job.failed",
    "fine_tuning.job.cancelled",
)
"""Those that OpenAI sends too; the official client knows their types."""
DeliveryStatus = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Something happened that endpoints may want to hear of."""

    id: str
    """The same in every delivery and attempt, so that a receiver knows what it has had."""
    created_at: int
    type: EventType
    subject: str
    """The id of the job."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to an endpoint."""

    at: int
    seconds: float
    """How long it took."""
    status: int | None
    """Of the HTTP answer; None: there was none."""
    error: str | None
    """Why the delivery did not succeed by it."""
    retry_after_s: float | None = None
    """How long the endpoint asked to be left alone."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint."""

    event: WebhookEvent
    endpoint: str
    """Its name in the settings."""
    status: DeliveryStatus
    began_at: float
    """When the event was first seen by a server; from then on it is tried for a bounded time."""
    due: float
    """When it may be tried next."""
    lease: float | None
    """Until when it is its claimer's alone."""
    attempts: tuple[Attempt, ...]
