"""`burnish webhooks`: the endpoints that the settings name, what they were told, and a way to try them."""

import time
from typing import Annotated

import typer

from burnish.cli.tables import moment, show
from burnish.core.errors import InvalidRequest
from burnish.core.webhook import Delivery
from burnish.settings import Settings, Webhook

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command("list")
def list_deliveries(limit: Annotated[int, typer.Option(min=1, help="Most lines.")] = 20) -> None:
    """The latest deliveries, newest event first."""
    from burnish.store.store import open_store

    settings = Settings()
    store = open_store(settings)
    rows = [_row(each) for each in store.outbox.latest(limit)]
    store.close()
    known = ", ".join(settings.webhooks) or "none"
    headings = ("event", "type", "job", "endpoint", "status", "attempts", "last", "next")
    show(headings, rows, empty=f"Nothing was delivered yet. Endpoints in the settings: {known}.")


@app.command()
def secret() -> None:
    """Make up a secret and print it; it is stored nowhere."""
    import base64
    import secrets

    typer.echo("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())


@app.command()
def test(name: Annotated[str, typer.Argument(help="The endpoint's name in the settings.")]) -> None:
    """Send an endpoint a signed event of a job that does not exist, once, and say what it answered."""
    import asyncio

    from burnish.core.ids import new_id
    from burnish.core.webhook import WebhookEvent
    from burnish.webhooks.sender import Sender

    hook = _hook(name)
    event = WebhookEvent(new_id("evt_"), int(time.time()), hook.events[0], "ftjob-test")

    async def send() -> str | None:
        sender = Sender()
        try:
            attempt = await sender.send(event, hook)
        finally:
            await sender.aclose()
        typer.echo(f"{event.type} {event.id}: {attempt.error or f'HTTP {attempt.status}'}, {attempt.seconds:.2f} s")
        return attempt.error

    if asyncio.run(send()) is not None:
        raise typer.Exit(1)


def _hook(name: str) -> Webhook:
    hooks = Settings().webhooks
    if name not in hooks:
        known = ", ".join(hooks) or "none"
        raise InvalidRequest(f"The settings name no webhook '{name}'; known: {known}.")
    return hooks[name]


def _row(delivery: Delivery) -> tuple[str, ...]:
    last = delivery.attempts[-1] if delivery.attempts else None
    return (
        delivery.event.id,
        delivery.event.type,
        delivery.event.subject,
        delivery.endpoint,
        delivery.status,
        str(len(delivery.attempts)),
        (last.error or f"HTTP {last.status}") if last is not None else "-",
        moment(int(delivery.due)) if delivery.status == "pending" else "-",
    )
