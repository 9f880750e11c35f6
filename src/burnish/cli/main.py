"""The `burnish` command: starts the processes, and is otherwise a client of the public API like any other."""

import typer

from burnish.cli import (
    backup,
    chat,
    demo,
    doctor,
    evals,
    export,
    files,
    grade,
    graders,
    importing,
    jobs,
    keys,
    models,
    serve,
    webhooks,
    worker,
)
from burnish.core.errors import BurnishError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("demo")(demo.demo)
app.command("chat")(chat.chat)
app.command("grade")(grade.grade)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(export.app, name="export")
app.add_typer(jobs.app, name="jobs")
app.add_typer(evals.app, name="evals")
app.add_typer(files.app, name="files")
app.add_typer(graders.app, name="graders")
app.add_typer(models.app, name="models")
app.add_typer(importing.app, name="import")
app.add_typer(keys.app, name="keys")
app.add_typer(webhooks.app, name="webhooks")


def main() -> None:
    """Entry point: errors of ours are told in a line, without a traceback."""
    try:
        app()
    except BurnishError as error:
        typer.echo(f"burnish: {error.message}", err=True)
        raise SystemExit(2) from error
