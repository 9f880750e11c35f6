"""`burnish import`: evals, jobs and files of another server, taken into the store."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from burnish.cli.connection import SourceKey
from burnish.cli.tables import show
from burnish.core.records import DEFAULT_PROJECT

if TYPE_CHECKING:
    from burnish.arrive.report import Remark, Report

app = typer.Typer(no_args_is_help=True, help=__doc__)

OPENAI = "https://api.openai.com/v1"
_NAMED = 5
"""How many ids are named of which the same is said."""


class Part(StrEnum):
    """What may be imported alone."""

    FILES = "files"
    JOBS = "jobs"
    EVALS = "evals"


@app.callback()
def importing() -> None:
    """Evals, jobs and files of another server, taken into the store."""


@app.command("openai")
def from_openai(
    base_url: Annotated[str, typer.Option(help="The server to take from, up to and including /v1.")] = OPENAI,
    api_key: SourceKey = "none",
    project: Annotated[str, typer.Option(help="Whose all of it becomes here.")] = DEFAULT_PROJECT,
    only: Annotated[list[Part] | None, typer.Option(help="This part alone; may be given more than once.")] = None,
    report: Annotated[Path | None, typer.Option(dir_okay=False, help="Where to write the report, as JSON.")] = None,
    retries: Annotated[int, typer.Option(min=0, help="How often a request is made again that failed.")] = 5,
    data_dir: Annotated[Path | None, typer.Option(help="Of the server; else what the settings name.")] = None,
) -> None:
    """Take files, fine-tuning jobs and evals from an OpenAI-compatible server; again, whatever is not here yet.

    Exit code 1 where something did not come; 2 where the import broke off.
    """
    from rich.console import Console
    from rich.markup import escape

    from burnish.arrive.arrival import Arrival, bring
    from burnish.arrive.report import Report
    from burnish.arrive.source import Source
    from burnish.settings import Settings
    from burnish.store.blobs import open_blobs
    from burnish.store.store import open_store

    settings = Settings(data_dir=data_dir) if data_dir is not None else Settings()
    store, source, found = open_store(settings), Source.at(base_url, api_key, retries), Report()
    try:
        with Console(stderr=True).status("asking…") as status:

            def tell(text: str) -> None:
                status.update(escape(text))

            arrival = Arrival(source, store, open_blobs(settings), project, found, tell)
            bring(arrival, [part.value for part in only or Part])
    finally:
        _tell(found)
        if report is not None:
            report.write_text(json.dumps(found.json(source.name), indent=1) + "\n", encoding="utf-8")
        source.close()
        store.close()
    if found.missing:
        raise typer.Exit(1)


def _tell(found: "Report") -> None:
    from burnish.arrive.report import KINDS

    rows = [
        (kind, f"{found.came[kind]:,}", f"{found.were_here[kind]:,}")
        for kind in KINDS
        if found.came[kind] or found.were_here[kind]
    ]
    show(("", "came", "were here"), rows, empty="Nothing came.")
    _list("Did not come:", found.missing)
    _list("To be known:", found.notes)


def _list(heading: str, remarks: "list[Remark]") -> None:
    from burnish.arrive.report import grouped

    if not remarks:
        return
    typer.echo(f"\n{heading}")
    for (kind, reason), ids in grouped(remarks).items():
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        typer.echo(f"  {kind} {', '.join(ids[:_NAMED])}{more}: {reason}")
