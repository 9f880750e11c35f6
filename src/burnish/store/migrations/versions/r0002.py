"""Everything belongs to a project: what is there already to the project `default`. Permissions share models."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """From tables that knew no projects."""
    for table in ("jobs", "files", "models"):
        _add("project", sa.String(), table, "'default'")
        op.create_index(f"ix_{table}_project", table, ["project"])
    _add("project", sa.String(), "keys", "'default'")
    _add("is_admin", sa.Boolean(), "keys", "false")
    op.create_table(
        "permissions",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("model", sa.String, sa.ForeignKey("models.name", ondelete="CASCADE"), nullable=False),
        sa.Column("project", sa.String, nullable=False, index=True),
        sa.UniqueConstraint("model", "project"),
    )


def _add(name: str, kind: sa.String | sa.Boolean, table: str, value: str) -> None:
    """A column that holds a value in every row there is, and that later ones must fill themselves."""
    op.add_column(table, sa.Column(name, kind))
    op.execute(f"UPDATE {table} SET {name} = {value}")
    with op.batch_alter_table(table) as batch:
        batch.alter_column(name, existing_type=kind, nullable=False)
