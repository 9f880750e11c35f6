"""`burnish graders`: the packages that OpenAI documents for python graders."""

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from burnish.core.errors import Unavailable
from burnish.settings import Settings

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def graders() -> None:
    """The packages that OpenAI documents for python graders."""


@app.command()
def install(
    tag: Annotated[str, typer.Argument(help="The image's tag, as graders name it in image_tag.")],
    data_dir: Annotated[Path | None, typer.Option(help="The server's data directory.")] = None,
    pins: Annotated[Path | None, typer.Option(help="Install these pins instead of the image's own.")] = None,
) -> None:
    """Build the environment that python graders import from. What cannot be installed is told, with exit code 1."""
    from burnish.sandbox.image import Image, listed

    image = Image(data_dir or Settings().data_dir, tag)
    text = listed(tag) if pins is None else pins.read_text(encoding="utf-8")
    try:
        done = image.install(text, typer.echo)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"There is no environment: {error}. (Debian: apt install python3-venv)") from error
    typer.echo(f"installed {len(done.installed)}: {', '.join(done.installed)}")
    for pin, reason in done.failed.items():
        typer.echo(f"NOT installed: {pin}: {reason}")
    if any(pin.startswith("nltk==") for pin in done.installed):
        python = image.directory / "bin" / "python"
        folder = image.directory / "nltk_data"
        words = "punkt stopwords wordnet omw-1.4 names"
        typer.echo(f"NLTK's data, if you want it: {python} -m nltk.downloader -d {folder} {words}")
    if done.failed:
        raise typer.Exit(1)
