"""The first tables: jobs with all that hangs on them, tuned models, files, keys and grades."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """From nothing."""
    _jobs()
    _parts_of_jobs()
    _checkpoints()
    _models()
    _files()
    _keys()
    _grades()


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String, nullable=False, index=True),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("request", _JSON, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("training_file", sa.String, nullable=False),
        sa.Column("validation_file", sa.String),
        sa.Column("suffix", sa.String),
        sa.Column("metadata", _JSON),
        sa.Column("hyperparameters", _JSON, nullable=False),
        sa.Column("desired", sa.String, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("estimated_finish", sa.BigInteger),
        sa.Column("fine_tuned_model", sa.String),
        sa.Column("trained_tokens", sa.BigInteger),
        sa.Column("error", _JSON),
        sa.Column("result_files", _JSON, nullable=False),
        sa.Column("usage_metrics", _JSON),
        sa.Column("plan", _JSON),
        sa.Column("snapshots", _JSON, nullable=False),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("worker", sa.String),
        sa.Column("lease", sa.Double),
        sa.Column("events", sa.Integer, nullable=False),
    )


def _parts_of_jobs() -> None:
    op.create_table(
        "job_metadata",
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    op.create_table(
        "job_steps",
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("committed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("level", sa.String, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("data", _JSON),
    )


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("metrics", _JSON, nullable=False),
        sa.UniqueConstraint("job_id", "step"),
    )


def _models() -> None:
    op.create_table(
        "models",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("base", sa.String, nullable=False),
        sa.Column("job_id", sa.String, nullable=False, index=True),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("blob", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("reasoning_effort", sa.String, nullable=False),
    )


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("filename", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("expires_at", sa.BigInteger, index=True),
    )


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )


def _grades() -> None:
    op.create_table(
        "grades",
        sa.Column("job", sa.String, primary_key=True),
        sa.Column("phase", sa.String, primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("sample", sa.Integer, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("grade", _JSON, nullable=False),
    )
