"""`burnish worker`: a worker alone, beside those of other machines."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from burnish.core import logs
from burnish.core.errors import BurnishError
from burnish.settings import Settings

LOOKED_AT = 5
"""How many of the newest files are looked for: one may have been deleted by hand."""


def worker(
    jobs: Annotated[int | None, typer.Option(min=1, help="How many jobs it runs at a time.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where its runs write on their way.")] = None,
) -> None:
    """Run jobs of the database that the settings name, until stopped."""
    from burnish.work.process import work

    logs.configure()
    given = {"concurrent_jobs": jobs, "data_dir": data_dir}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    check_reach(settings)
    typer.echo(f"Burnish works on jobs, {settings.concurrent_jobs} at a time", err=True)
    work(settings, threading.Event())


def check_reach(settings: Settings) -> None:
    """Raise `BurnishError` where the settings name rows, but not their bytes: every job would fail."""
    from burnish.store.blobs import open_blobs
    from burnish.store.files import file_blob
    from burnish.store.store import open_store

    store, blobs = open_store(settings), open_blobs(settings)
    try:
        files = store.files.page(limit=LOOKED_AT).items
    finally:
        store.close()
    if files and not any(blobs.has(file_blob(file.id)) for file in files):
        raise BurnishError(
            f"The database names file {files[0].id}, but its bytes are not where this worker looks: "
            f"{settings.blobs_url or settings.data_dir / 'blobs'}. Give it the blobs_url (or data_dir) of the server."
        )
