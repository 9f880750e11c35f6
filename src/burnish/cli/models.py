"""`burnish models`: base models, aliases, tuned models and checkpoints."""

import typer

from burnish.cli.connection import ApiKey, BaseUrl, client
from burnish.cli.tables import moment, show

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command("list")
def list_models(base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Every model that a request may name."""
    with client(base_url, api_key) as api:
        rows = [(model.id, model.owned_by, moment(model.created)) for model in api.models.list()]
    show(("model", "owned by", "created"), rows, empty="No models.")


@app.command()
def delete(name: str, base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Delete a tuned model or a checkpoint."""
    with client(base_url, api_key) as api:
        api.models.delete(name)
    typer.echo(f"deleted {name}")
