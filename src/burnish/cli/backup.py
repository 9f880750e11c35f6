"""`burnish backup` and `burnish restore`: a consistent copy of the store, made while jobs run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from burnish.store.backup import Copied
    from burnish.store.blobs import Blobs
    from burnish.store.store import Store

DataDir = Annotated[Path | None, typer.Option(help="Of the server; else what the settings name.")]


def backup(
    target: Annotated[Path, typer.Argument(help="A directory that is not there yet.")], data_dir: DataDir = None
) -> None:
    """Copy all rows and bytes into a directory, while the server runs."""
    from burnish.store.backup import backup as make

    store, blobs = _open(data_dir)
    copied = make(store, blobs, target)
    _tell("backed up", copied)
    for path in copied.damaged:
        typer.echo(f"warning: the store itself has lost or changed the bytes under '{path}'", err=True)
    if copied.damaged:
        raise typer.Exit(1)


def restore(
    source: Annotated[Path, typer.Argument(help="What `burnish backup` wrote.", exists=True, file_okay=False)],
    data_dir: DataDir = None,
) -> None:
    """Fill an empty store from a backup."""
    from burnish.store.backup import restore as fill

    store, blobs = _open(data_dir)
    _tell("restored", fill(source, store, blobs))


def _open(data_dir: Path | None) -> "tuple[Store, Blobs]":
    from burnish.settings import Settings
    from burnish.store.blobs import open_blobs
    from burnish.store.store import open_store

    settings = Settings(data_dir=data_dir) if data_dir is not None else Settings()
    return open_store(settings), open_blobs(settings)


def _tell(done: str, copied: "Copied") -> None:
    typer.echo(f"{done}: {copied.rows} rows, {copied.blobs} files of {copied.bytes:,} bytes")
