"""Tables and times on the terminal."""

from collections.abc import Sequence
from datetime import datetime

import typer

PIPE_WIDTH = 250
"""Columns where the output is no terminal."""


def show(headings: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """A table, or the sentence that says what to do when there is nothing."""
    from rich.console import Console
    from rich.table import Column, Table

    if not rows:
        typer.echo(empty)
        return
    columns = [Column(heading, overflow="fold") for heading in headings]  # an id that is cut off is of no use
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console = Console()
    (console if console.is_terminal else Console(width=PIPE_WIDTH)).print(table)


def moment(seconds: int | None) -> str:
    """A unix time in the reader's zone."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S") if seconds else "-"
