"""`burnish files`: upload, list and delete."""

from pathlib import Path
from typing import Annotated

import typer

from burnish.cli.connection import ApiKey, BaseUrl, client
from burnish.cli.tables import show

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command("list")
def list_files(base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Every stored file, newest first."""
    with client(base_url, api_key) as api:
        rows = [(file.id, file.filename, file.purpose, f"{file.bytes:,}") for file in api.files.list()]
    show(("id", "name", "purpose", "bytes"), rows, empty="No files yet: burnish files upload train.jsonl")


@app.command()
def upload(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    purpose: Annotated[str, typer.Option()] = "fine-tune",
    base_url: BaseUrl = None,
    api_key: ApiKey = "none",
) -> None:
    """Store a file and print its id."""
    from rich.progress import wrap_file

    with client(base_url, api_key) as api, path.open("rb") as raw:
        with wrap_file(raw, total=path.stat().st_size, description=path.name, transient=True) as stream:
            content = stream.read()
        stored = api.files.create(file=(path.name, content), purpose=purpose)  # type: ignore[arg-type]  # a free string
    typer.echo(stored.id)


@app.command()
def delete(file_id: str, base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Delete a file."""
    with client(base_url, api_key) as api:
        api.files.delete(file_id)
    typer.echo(f"deleted {file_id}")
