"""`burnish keys`: bearer keys. The first one closes the door: from then on every /v1 route wants a key."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from burnish.cli.tables import moment, show
from burnish.core.records import DEFAULT_PROJECT

if TYPE_CHECKING:
    from burnish.store.store import Store

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")] = "default",
    project: Annotated[str, typer.Option(help="Whose files, jobs and models the key reaches.")] = DEFAULT_PROJECT,
    admin: Annotated[bool, typer.Option("--admin", help="It may also share models between projects.")] = False,
) -> None:
    """Make a key of a project and print it; it is not shown again."""
    typer.echo(_store().keys.create(name, now=time.time(), project=project, is_admin=admin).secret)


@app.command("list")
def list_keys() -> None:
    """Every key's project, name and first characters, and whether it is an admin's or revoked."""
    rows = [
        (
            key.id,
            key.name,
            key.prefix + "…",
            key.project,
            "yes" if key.is_admin else "no",
            moment(key.created_at),
            moment(key.revoked_at),
        )
        for key in _store().keys.all()
    ]
    headings = ("id", "name", "key", "project", "admin", "created", "revoked")
    show(headings, rows, empty="No keys: a server bound to loopback accepts any.")


@app.command()
def revoke(key_id: str) -> None:
    """Make a key invalid for ever."""
    _store().keys.revoke(key_id, now=time.time())
    typer.echo(f"revoked {key_id}")


def _store() -> "Store":
    from burnish.settings import Settings
    from burnish.store.store import open_store

    return open_store(Settings())
