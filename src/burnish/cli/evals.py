"""`burnish evals`: list, show with the runs, run again on another model, compare runs."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from burnish.cli.connection import ApiKey, BaseUrl, body, client, listed
from burnish.cli.contrast import contrast
from burnish.cli.tables import PIPE_WIDTH, moment, show
from burnish.core.errors import InvalidRequest

if TYPE_CHECKING:
    from openai import OpenAI

app = typer.Typer(no_args_is_help=True, help=__doc__)

Json = Any
UNDER_WAY = ("queued", "in_progress")
_RUN = ("run", "name", "model", "status", "passed", "failed", "errors", "created")


@app.command("list")
def list_evals(base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """Every eval, newest first."""
    with client(base_url, api_key) as api:
        rows = [
            (each["id"], each["name"], _criteria(each), moment(each["created_at"]))
            for each in listed(api, "/evals", order="desc")
        ]
    headings = ("id", "name", "criteria", "created")
    show(headings, rows, empty="No evals yet: a job makes its own, and docs/evals.md shows how to make one.")


@app.command("show")
def show_eval(eval_id: str, base_url: BaseUrl = None, api_key: ApiKey = "none") -> None:
    """An eval and its runs, oldest first."""
    with client(base_url, api_key) as api:
        made = body(api, f"/evals/{eval_id}")
        rows = [_run_row(each) for each in listed(api, f"/evals/{eval_id}/runs")]
    typer.echo(f"{made['name']}\ncriteria: {_criteria(made)}\n")
    show(_RUN, rows, empty="It has no runs yet.")


def _criteria(made: Json) -> str:
    return ", ".join(f"{each.get('name') or each['type']} ({each['type']})" for each in made["testing_criteria"])


def _run_row(run: Json) -> tuple[str, ...]:
    counts = run["result_counts"]
    tallied = [f"{counts[key]:,}" for key in ("passed", "failed", "errored")]
    return (run["id"], run["name"], run["model"] or "-", run["status"], *tallied, moment(run["created_at"]))


@app.command("run")
def run_again(
    eval_id: str,
    model: Annotated[str, typer.Option("--model", "-m", help="Who is asked.")],
    like: Annotated[str | None, typer.Option(help="The run whose rows and prompt; else the newest.")] = None,
    name: Annotated[str | None, typer.Option(help="The new run's; else the model's.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = "none",
) -> None:
    """Ask another model what a run has asked, and wait for the end. Exit code 1 where the run does not complete."""
    with client(base_url, api_key) as api:
        source = _source(api, eval_id, like)
        asked = {"name": name or model, "data_source": {**source, "model": model}}
        made = api.post(f"/evals/{eval_id}/runs", body=asked, cast_to=dict[str, Any])
        run = _followed(api, made["id"], eval_id)
    show(_RUN, [_run_row(run)], empty="")
    if run["status"] != "completed":
        reason = f": {run['error']['message']}" if run["error"] else ""
        typer.echo(f"the run is {run['status']}{reason}", err=True)
        raise typer.Exit(1)


def _source(api: "OpenAI", eval_id: str, run_id: str | None) -> Json:
    """Where a run's questions come from. Raises `InvalidRequest` where it asked none."""
    if run_id is None:
        runs = body(api, f"/evals/{eval_id}/runs", order="desc", limit=1)["data"]
        if not runs:
            raise InvalidRequest("The eval has no run that another could be like; make the first by the API.")
        run_id = runs[0]["id"]
    source = body(api, f"/evals/{eval_id}/runs/{run_id}")["data_source"]
    if source["type"] == "jsonl":
        raise InvalidRequest(f"Run '{run_id}' grades stored answers and asks nobody; name another with --like.")
    params = {key: value for key, value in (source.get("sampling_params") or {}).items() if value is not None}
    return {**source, "sampling_params": params} if params else source


def _followed(api: "OpenAI", run_id: str, eval_id: str, poll_s: float = 0.3) -> Json:
    """The run once it has ended, its progress shown meanwhile."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("items", total=None)
        while True:
            run = body(api, f"/evals/{eval_id}/runs/{run_id}")
            counts = run["result_counts"]
            done = counts["passed"] + counts["failed"] + counts["errored"]
            progress.update(bar, completed=done, total=counts["total"] or None)
            if run["status"] not in UNDER_WAY:
                return run
            time.sleep(poll_s)


@app.command()
def compare(
    eval_id: str,
    run: Annotated[
        list[str] | None, typer.Option(help="The baseline first; without any, the first and the last of the eval.")
    ] = None,
    slice_by: Annotated[
        list[str] | None, typer.Option("--slice", help="A field of the items: item.topic, say.")
    ] = None,
    criterion: Annotated[str | None, typer.Option(help="One criterion alone.")] = None,
    changed: Annotated[int, typer.Option(min=0, max=1000, help="Rows shown that changed most, either way.")] = 5,
    base_url: BaseUrl = None,
    api_key: ApiKey = "none",
) -> None:
    """Runs side by side: scores with intervals, wins and losses by row, and the rows that changed most."""
    from rich.console import Console

    with client(base_url, api_key) as api:
        runs = run or _ends(api, eval_id)
        asked: dict[str, object] = {"run_id": runs, "slice": slice_by or [], "changed": changed}
        if criterion is not None:
            asked["criterion"] = criterion
        report = body(api, f"/evals/{eval_id}/compare", **asked)
    console = Console()
    console = console if console.is_terminal else Console(width=PIPE_WIDTH)
    for part in contrast(report):
        console.print(part, highlight=False)


def _ends(api: "OpenAI", eval_id: str) -> list[str]:
    """The first run and the last that completed. Raises `InvalidRequest` where there are no two."""
    path = f"/evals/{eval_id}/runs"
    ends = [body(api, path, order=order, limit=1, status="completed")["data"] for order in ("asc", "desc")]
    ids = list(dict.fromkeys(each["id"] for end in ends for each in end))
    if len(ids) < 2:
        raise InvalidRequest("The eval has no two runs that completed; name runs with --run.")
    return ids
