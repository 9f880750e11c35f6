"""`burnish keys`: bearer keys. The first one closes the door: from then on every /v1 route wants a key."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from burnish.cli.tables import moment, show

if TYPE_CHECKING:
    from burnish.store.store import Store

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def create(name: Annotated[str, typer.Argument(help="What the key is for.")] = "default") -> None:
    """Make a key and print it; it is not shown again."""
    typer.echo(_store().keys.create(name, now=time.time()).secret)


@app.command("list")
def list_keys() -> None:
    """Every key's name and first characters."""
    rows = [(key.id, key.name, key.prefix + "…", moment(key.created_at)) for key in _store().keys.all()]
    show(("id", "name", "key", "created"), rows, empty="No keys: a server bound to loopback accepts any.")


@app.command()
def revoke(key_id: str) -> None:
    """Make a key invalid for ever."""
    _store().keys.revoke(key_id, now=time.time())
    typer.echo(f"revoked {key_id}")


def _store() -> "Store":
    from burnish.settings import Settings
    from burnish.store.store import open_store

    return open_store(Settings())
