"""Evals, their runs and items; and jobs that name theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Three tables more, and two columns of jobs: none of a job that is there has an eval."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    json = sa.JSON(none_as_null=True)
    op.add_column("jobs", sa.Column("eval_id", sa.String))
    op.add_column("jobs", sa.Column("train_eval_id", sa.String))
    op.create_table(
        "evals",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("touched", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("project", sa.String, nullable=False, index=True),
        sa.Column("data_source_config", json, nullable=False),
        sa.Column("testing_criteria", json, nullable=False),
        sa.Column("metadata", json),
        sa.Column("job_id", sa.String, index=True),
        sa.Column("phase", sa.String),
    )
    op.create_table(
        "eval_runs",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("eval_id", sa.String, sa.ForeignKey("evals.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False, index=True),
        sa.Column("model", sa.String),
        sa.Column("data_source", json, nullable=False),
        sa.Column("metadata", json),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("errored", sa.Integer, nullable=False),
        sa.Column("criteria", json, nullable=False),
        sa.Column("usage", json, nullable=False),
        sa.Column("error", json),
        sa.Column("file_id", sa.String, index=True),
        sa.Column("step", sa.Integer),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("lease", sa.Double),
    )
    op.create_table(
        "eval_items",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("run_id", sa.String, sa.ForeignKey("eval_runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("item", json, nullable=False),
        sa.Column("results", json, nullable=False),
        sa.Column("sample", json, nullable=False),
        sa.UniqueConstraint("run_id", "place"),
    )
