"""What came from another server, and how far."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """One table more: nothing that is there came from elsewhere."""
    op.create_table(
        "arrivals",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("came_at", sa.BigInteger, nullable=False),
        sa.Column("is_whole", sa.Boolean, nullable=False),
        sa.Column("last_item", sa.String),
        sa.Column("places", sa.Integer, nullable=False),
    )
