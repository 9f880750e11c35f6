"""`burnish jobs`: list, show with the ledger, watch with a live reward curve, pause, resume, cancel."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from burnish.cli.connection import ApiKey, BaseUrl, body, client
from burnish.cli.curve import Curve
from burnish.cli.sheet import sheet
from burnish.cli.tables import moment, show
from burnish.core.budget import KINDS, PREFIX

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob

app = typer.Typer(no_args_is_help=True, help=__doc__)
FINAL = ("succeeded", "failed", "cancelled")


@app.command("list")
def list_jobs(base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Every job, newest first."""
    with client(base_url, api_key) as api:
        rows = [
            (job.id, job.status, job.model, job.fine_tuned_model or "-", moment(job.created_at))
            for job in api.fine_tuning.jobs.list()
        ]
    show(("id", "status", "base", "tuned model", "created"), rows, empty="No jobs yet: see README, or `burnish demo`.")


@app.command("show")
def show_job(job_id: str, base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """One job: where it stands, and what it has used and cost."""
    with client(base_url, api_key) as api:
        job = body(api, f"/fine_tuning/jobs/{job_id}")
    for line in sheet(job):
        typer.echo(line)


@app.command()
def watch(job_id: str, base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Follow a job's events until it ends."""
    with client(base_url, api_key) as api:
        job = follow(api, job_id)
    raise typer.Exit(0 if job.status == "succeeded" else 1)


@app.command()
def pause(job_id: str, base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Stop a running job after its present step; what it has learnt can be used at once."""
    with client(base_url, api_key) as api:
        job = api.fine_tuning.jobs.pause(job_id)
    typer.echo(f"{job.id} {job.status}")


@app.command()
def resume(
    job_id: str,
    budget: Annotated[
        list[str] | None, typer.Option(help="Grant this much from now on: usd=5, seconds=3600 or tokens=100000.")
    ] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = "none",
) -> None:
    """Go on with a paused job, exactly where it stopped."""
    body = {"metadata": _budgets(budget)} if budget else None
    with client(base_url, api_key) as api:
        job = api.fine_tuning.jobs.resume(job_id, extra_body=body)
    typer.echo(f"{job.id} {job.status}")


def _budgets(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for (kind, equals, _), text in zip(pairs, given, strict=True):
        if kind not in KINDS or not equals:
            raise typer.BadParameter(f"'{text}' is no budget: write {', '.join(f'{kind}=…' for kind in KINDS)}.")
    return {PREFIX + kind: amount for kind, _, amount in pairs}


@app.command()
def cancel(job_id: str, base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Cancel a job; checkpoints already published stay."""
    with client(base_url, api_key) as api:
        job = api.fine_tuning.jobs.cancel(job_id)
    typer.echo(f"{job.id} {job.status}")


def follow(api: "OpenAI", job_id: str, poll_s: float = 0.5) -> "FineTuningJob":
    """Print every event once, oldest first, with the reward curve below, until the job is final.

    One that is paused is waited for, and the way to resume it is told.
    """
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    curve = Curve()
    seen: set[str] = set()
    status = ""
    console = Console()
    with Live(console=console, refresh_per_second=4, transient=not console.is_terminal) as live:
        while True:
            job = api.fine_tuning.jobs.retrieve(job_id)
            fresh = []
            for event in api.fine_tuning.jobs.list_events(job_id, limit=100):
                if event.id in seen:
                    break
                fresh.append(event)
            for event in reversed(fresh):
                seen.add(event.id)
                data: dict[str, Any] = event.data if isinstance(event.data, dict) else {}
                curve.add(data)
                if event.type == "message" or "full_valid_mean_reward" in data or not console.is_terminal:
                    live.console.print(
                        Text(f"{moment(event.created_at)[11:]}  {event.message}", style=_STYLE[event.level])
                    )
            live.update(Group(Text(""), *curve.lines()) if curve.has_points else Text(""))
            if job.status in FINAL:
                return job
            before, status = status, str(job.status)  # the client's type knows no "paused"
            if status == "paused" != before:
                way = Text(f"The job rests until it is resumed: burnish jobs resume {job_id}", "yellow")
                live.console.print(way, soft_wrap=True)
            time.sleep(poll_s)


_STYLE = {"info": "", "warn": "yellow", "error": "red"}
