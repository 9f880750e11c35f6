"""`burnish export`: a tuned model as a directory for other programs, or an eval as one for Promptfoo."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from burnish.cli.promptfoo import promptfoo

MODEL = "model"


class _ModelUnlessNamed(TyperGroup):
    """`burnish export ft:… DIR` is `burnish export model ft:… DIR`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [MODEL, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(no_args_is_help=True, help=__doc__, cls=_ModelUnlessNamed)
app.command("promptfoo")(promptfoo)


@app.command(MODEL)
def export(
    name: Annotated[str, typer.Argument(help="A tuned model or a checkpoint, `ft:…`.")],
    target: Annotated[Path, typer.Argument(help="A directory that is not there yet.")],
    merged: Annotated[bool, typer.Option("--merged", help="Weights of its own instead of an adapter.")] = False,
    rows: Annotated[int, typer.Option(min=1, help="Validation rows on which merged weights are compared.")] = 8,
    data_dir: Annotated[Path | None, typer.Option(help="Of the server; else what the settings name.")] = None,
) -> None:
    """Write a tuned model with a model card: PEFT's adapter, or merged weights that plain transformers loads."""
    from burnish.cli.grading import grading_of
    from burnish.export.export import Exporter
    from burnish.settings import Settings
    from burnish.store.blobs import open_blobs
    from burnish.store.store import open_store

    settings = Settings(data_dir=data_dir) if data_dir is not None else Settings()
    store = open_store(settings)
    exporter = Exporter(settings, store, open_blobs(settings))
    parity = exporter.export(name, target, merged=merged, rows=rows, grading=grading_of(settings))
    store.close()
    typer.echo(f"exported {name} to {target}")
    if parity is not None:
        told = f"largest difference {parity.largest:.2e}, mean {parity.mean:.2e}"
        typer.echo(f"log-probs against the served model, {parity.tokens} tokens of {parity.answers} answers: {told}")
        if (rewards := parity.rewards) is not None:
            means = f"{rewards.served:.4f} served, {rewards.exported:.4f} exported"
            typer.echo(f"mean reward of {rewards.rows} answers: {means}, largest difference {rewards.largest:.2e}")
        elif parity.ungraded is not None:
            typer.echo(f"rewards were not compared: {parity.ungraded}")
