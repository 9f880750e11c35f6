"""Endpoints are told what happens to jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Two tables more. What happened before is not told."""
    op.create_table(
        "webhook_events",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("project", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("is_spread", sa.Boolean, nullable=False, index=True),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("event_id", sa.String, sa.ForeignKey("webhook_events.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("endpoint", sa.String, primary_key=True),
        sa.Column("status", sa.String, nullable=False, index=True),
        sa.Column("began_at", sa.Double, nullable=False),
        sa.Column("due", sa.Double, nullable=False),
        sa.Column("lease", sa.Double),
        sa.Column("attempts", sa.JSON(none_as_null=True), nullable=False),
    )
