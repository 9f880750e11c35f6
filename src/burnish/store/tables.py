"""The tables. The same statements run on SQLite and PostgreSQL.

`number` columns give the order of rows: times are whole seconds, too coarse to page by. A change is a script in
`store/migrations/versions` and a new `REVISION`.
"""

import re

import sqlalchemy as sa

REVISION = "0009"
"""Of these tables: the newest script in `store/migrations/versions`."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class _Words(sa.TypeDecorator[str]):
    """Text from outside. PostgreSQL stores no character 0, and nobody half a surrogate pair: they become U+FFFD."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: sa.Dialect) -> str | None:
        return value and _UNSTORABLE.sub("\ufffd", value)


class _LongWords(_Words):
    impl = sa.Text
    cache_ok = True


schema = sa.MetaData()
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Json = sa.JSON(none_as_null=True)

jobs = sa.Table(
    "jobs",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("request", _Json, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("training_file", sa.String, nullable=False),
    sa.Column("validation_file", sa.String),
    sa.Column("suffix", _Words),
    sa.Column("metadata", _Json),
    sa.Column("project", sa.String, nullable=False, index=True),
    sa.Column("hyperparameters", _Json, nullable=False),
    sa.Column("desired", sa.String, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("estimated_finish", sa.BigInteger),
    sa.Column("fine_tuned_model", sa.String),
    sa.Column("trained_tokens", sa.BigInteger),
    sa.Column("error", _Json),
    sa.Column("result_files", _Json, nullable=False),
    sa.Column("usage_metrics", _Json),
    sa.Column("plan", _Json),
    sa.Column("snapshots", _Json, nullable=False),
    sa.Column("deaths", sa.Integer, nullable=False),
    sa.Column("worker", sa.String),
    sa.Column("lease", sa.Double),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("eval_id", sa.String),
    sa.Column("train_eval_id", sa.String),
)
job_metadata = sa.Table(
    "job_metadata",
    schema,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", _Words, primary_key=True),
    sa.Column("value", _Words, nullable=False),
)
job_steps = sa.Table(
    "job_steps",
    schema,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("committed_at", sa.BigInteger, nullable=False),
)
events = sa.Table(
    "events",
    schema,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("level", sa.String, nullable=False),
    sa.Column("message", _LongWords, nullable=False),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("data", _Json),
)
checkpoints = sa.Table(
    "checkpoints",
    schema,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("metrics", _Json, nullable=False),
    sa.UniqueConstraint("job_id", "step"),
)
models = sa.Table(
    "models",
    schema,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("base", sa.String, nullable=False),
    sa.Column("job_id", sa.String, nullable=False, index=True),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("blob", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("reasoning_effort", sa.String, nullable=False),
    sa.Column("project", sa.String, nullable=False, index=True),
)
permissions = sa.Table(
    "permissions",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("model", sa.ForeignKey("models.name", ondelete="CASCADE"), nullable=False),
    sa.Column("project", sa.String, nullable=False, index=True),
    sa.UniqueConstraint("model", "project"),
)
files = sa.Table(
    "files",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("filename", _Words, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("project", sa.String, nullable=False, index=True),
    sa.Column("expires_at", sa.BigInteger, index=True),
)
uploads = sa.Table(
    "uploads",
    schema,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("filename", _Words, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("project", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("file_expires_s", sa.BigInteger),
    sa.Column("file_id", sa.String),
    sa.Column("is_cleared", sa.Boolean, nullable=False, index=True),
)
upload_parts = sa.Table(
    "upload_parts",
    schema,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("upload_id", sa.ForeignKey("uploads.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
)
keys = sa.Table(
    "keys",
    schema,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", _Words, nullable=False),
    sa.Column("prefix", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("project", sa.String, nullable=False),
    sa.Column("is_admin", sa.Boolean, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
)
grades = sa.Table(
    "grades",
    schema,
    sa.Column("job", sa.String, primary_key=True),
    sa.Column("phase", sa.String, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("sample", sa.Integer, primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("grade", _Json, nullable=False),
)
webhook_events = sa.Table(
    "webhook_events",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("project", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("is_spread", sa.Boolean, nullable=False, index=True),
)
webhook_deliveries = sa.Table(
    "webhook_deliveries",
    schema,
    sa.Column("event_id", sa.ForeignKey("webhook_events.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("endpoint", sa.String, primary_key=True),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("began_at", sa.Double, nullable=False),
    sa.Column("due", sa.Double, nullable=False),
    sa.Column("lease", sa.Double),
    sa.Column("attempts", _Json, nullable=False),
)
exchanges = sa.Table(
    "exchanges",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("project", sa.String, nullable=False),
    sa.Column("metadata", _Json),
    sa.Column("request", _Json, nullable=False),
    sa.Column("answer", _Json, nullable=False),
    sa.Index("ix_exchanges_project_kind", "project", "kind"),
)
exchange_metadata = sa.Table(
    "exchange_metadata",
    schema,
    sa.Column("exchange_id", sa.ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", _Words, primary_key=True),
    sa.Column("value", _Words, nullable=False, index=True),
)
followers = sa.Table(
    "followers",
    schema,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("due", sa.Double, nullable=False),
    sa.Column("owner", sa.String),
    sa.Column("lease", sa.Double),
)
feedback = sa.Table(
    "feedback",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("project", sa.String, nullable=False, index=True),
    sa.Column("model", _Words, nullable=False),
    sa.Column("messages", _Json, nullable=False),
    sa.Column("answer", _LongWords, nullable=False),
    sa.Column("rating", sa.String),
    sa.Column("correction", _LongWords),
    sa.Column("note", _LongWords),
)
evals = sa.Table(
    "evals",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("touched", sa.BigInteger, nullable=False),
    sa.Column("name", _Words, nullable=False),
    sa.Column("project", sa.String, nullable=False, index=True),
    sa.Column("data_source_config", _Json, nullable=False),
    sa.Column("testing_criteria", _Json, nullable=False),
    sa.Column("metadata", _Json),
    sa.Column("job_id", sa.String, index=True),
    sa.Column("phase", sa.String),
)
eval_runs = sa.Table(
    "eval_runs",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("eval_id", sa.ForeignKey("evals.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("name", _Words, nullable=False),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("model", _Words),
    sa.Column("data_source", _Json, nullable=False),
    sa.Column("metadata", _Json),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("errored", sa.Integer, nullable=False),
    sa.Column("criteria", _Json, nullable=False),
    sa.Column("usage", _Json, nullable=False),
    sa.Column("error", _Json),
    sa.Column("file_id", sa.String, index=True),
    sa.Column("step", sa.Integer),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("lease", sa.Double),
)
eval_items = sa.Table(
    "eval_items",
    schema,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("run_id", sa.ForeignKey("eval_runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("item", _Json, nullable=False),
    sa.Column("results", _Json, nullable=False),
    sa.Column("sample", _Json, nullable=False),
    sa.UniqueConstraint("run_id", "place"),
)
arrivals = sa.Table(
    "arrivals",
    schema,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("came_at", sa.BigInteger, nullable=False),
    sa.Column("is_whole", sa.Boolean, nullable=False),
    sa.Column("last_item", sa.String),
    sa.Column("places", sa.Integer, nullable=False),
)
