"""What endpoints are to be told: events, written with what they tell of, and their deliveries.

An event is spread by the first server that sees it: from then on there is a delivery for each endpoint that wants it.
Deliveries are claimed under a lease, so that of several servers one sends, and another does where that one has died.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from burnish.core.ids import new_id
from burnish.core.job import JobStatus
from burnish.core.webhook import Attempt, Delivery, DeliveryStatus, EventType, WebhookEvent
from burnish.store.database import Database
from burnish.store.tables import webhook_deliveries as deliveries
from burnish.store.tables import webhook_events as events

OF_JOBS: Mapping[JobStatus, EventType] = {
    JobStatus.SUCCEEDED: "fine_tuning.job.succeeded",
    JobStatus.FAILED: "fine_tuning.job.failed",
    JobStatus.CANCELLED: "fine_tuning.job.cancelled",
    JobStatus.PAUSED: "fine_tuning.job.paused",
}
"""What a job's move to a state is told as; moves to the others are not told."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an endpoint wants to hear of."""

    types: Collection[EventType]
    project: str | None
    """Whose events; None: everybody's."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """The tables of webhook events and deliveries; those of all projects."""

    database: Database

    def spread(self, subscriptions: Mapping[str, Subscription], *, now: float) -> int:
        """Make deliveries of the events that no server has seen yet; how many events there were.

        One that no endpoint wants is seen all the same, and not delivered to those that come later.
        """
        is_new = sa.select(events).where(events.c.is_spread.is_(False)).order_by(events.c.number)
        with self.database.read() as connection:
            if connection.execute(is_new.limit(1)).first() is None:
                return 0
        with self.database.write() as connection:
            rows = connection.execute(is_new.with_for_update(skip_locked=True)).all()
            for row in rows:
                for endpoint, wanted in subscriptions.items():
                    if row.type in wanted.types and wanted.project in (None, row.project):
                        connection.execute(sa.insert(deliveries).values(**_new(row.id, endpoint, now)))
            seen = [row.number for row in rows]
            connection.execute(sa.update(events).where(events.c.number.in_(seen)).values(is_spread=True))
        return len(rows)

    def claim(self, endpoint: str, *, limit: int, lease_s: float, now: float) -> list[Delivery]:
        """Take some of an endpoint's deliveries that are due and that nobody holds, those due first."""
        is_free = sa.or_(deliveries.c.lease.is_(None), deliveries.c.lease < now)
        due = (
            sa.select(deliveries.c.event_id)
            .where(
                deliveries.c.endpoint == endpoint, deliveries.c.status == "pending", deliveries.c.due <= now, is_free
            )
            .order_by(deliveries.c.due, deliveries.c.event_id)
            .limit(limit)
        )
        with self.database.read() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        with self.database.write() as connection:
            ids = list(connection.execute(due.with_for_update(skip_locked=True)).scalars())
            taken = sa.and_(deliveries.c.endpoint == endpoint, deliveries.c.event_id.in_(ids))
            connection.execute(sa.update(deliveries).where(taken).values(lease=now + lease_s))
            return [_record(row) for row in connection.execute(_joined().where(taken).order_by(deliveries.c.due))]

    def record(self, delivery: Delivery, attempt: Attempt, status: DeliveryStatus, *, due: float) -> bool:
        """Write down how an attempt went and give the claim back. False: it was another's by then."""
        attempts = [asdict(each) for each in (*delivery.attempts, attempt)]
        mine = sa.and_(
            deliveries.c.event_id == delivery.event.id,
            deliveries.c.endpoint == delivery.endpoint,
            deliveries.c.lease == delivery.lease,
        )
        with self.database.write() as connection:
            written = connection.execute(
                sa.update(deliveries).where(mine).values(attempts=attempts, status=status, due=due, lease=None)
            )
            return written.rowcount == 1

    def latest(self, limit: int) -> list[Delivery]:
        """Deliveries of the newest events, newest first."""
        query = _joined().order_by(events.c.number.desc(), deliveries.c.endpoint).limit(limit)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]


def insert_webhook_event(connection: sa.Connection, kind: EventType, *, project: str, subject: str, now: float) -> None:
    """Write an event within the transaction of what it tells of: neither is there without the other."""
    connection.execute(
        sa.insert(events).values(
            id=new_id("evt_"), created_at=int(now), type=kind, project=project, subject=subject, is_spread=False
        )
    )


def _new(event_id: str, endpoint: str, now: float) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "endpoint": endpoint,
        "status": "pending",
        "began_at": now,
        "due": now,
        "lease": None,
        "attempts": [],
    }


def _joined() -> sa.Select[Any]:
    return sa.select(deliveries, events).join(events, deliveries.c.event_id == events.c.id)


def _record(row: sa.Row[Any]) -> Delivery:
    return Delivery(
        event=WebhookEvent(row.id, row.created_at, row.type, row.subject),
        endpoint=row.endpoint,
        status=row.status,
        began_at=row.began_at,
        due=row.due,
        lease=row.lease,
        attempts=tuple(Attempt(**attempt) for attempt in row.attempts),
    )
