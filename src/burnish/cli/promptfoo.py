"""`burnish export promptfoo`: an eval as a directory that Promptfoo runs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from burnish.cli.connection import ApiKey, BaseUrl, address, body, client, listed
from burnish.core.errors import InvalidRequest

if TYPE_CHECKING:
    from openai import OpenAI

    from burnish.leave.promptfoo import Row

Json = Any


def promptfoo(
    eval_id: Annotated[str, typer.Argument(help="The eval.")],
    target: Annotated[Path | None, typer.Argument(help="A directory that is not there yet.")] = None,
    run: Annotated[str | None, typer.Option(help="Whose prompt, rows and model; else the newest run's.")] = None,
    rows: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSONL with other rows: items, or {item: …}.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="Who is asked instead; may be given more than once.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = "none",
) -> None:
    """Write an eval as a configuration of Promptfoo that asks this server."""
    from burnish.leave.promptfoo import CONFIGURATION, Promptfoo

    directory = target or Path(f"promptfoo-{eval_id}")
    with client(base_url, api_key) as api:
        made = body(api, f"/evals/{eval_id}")
        chosen = _run(api, eval_id, run)
        source = chosen["data_source"] if chosen is not None and chosen["data_source"]["type"] != "jsonl" else None
        models = list(
            model or ([chosen["model"]] if chosen is not None and source is not None and chosen["model"] else ())
        )
        if rows is not None:
            found = _of_file(rows)
        elif chosen is not None:
            found = _of_run(api, chosen, is_asked=bool(models))
        else:
            raise InvalidRequest("The eval has no run: name the rows with --rows, and who is asked with --model.")
        written = Promptfoo(made, source, models, address(base_url).rstrip("/")).write(directory, found)
    typer.echo(f"wrote {directory / CONFIGURATION}, {written.rows:,} rows")
    for note in written.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"run it: cd {directory} && npx promptfoo@latest eval")


def _run(api: "OpenAI", eval_id: str, run_id: str | None) -> dict[str, Json] | None:
    path = f"/evals/{eval_id}/runs"
    if run_id is not None:
        return body(api, f"{path}/{run_id}")
    page = body(api, path, order="desc", limit=1)
    return page["data"][0] if page["data"] else None


def _of_run(api: "OpenAI", run: Mapping[str, Json], *, is_asked: bool) -> "Iterator[Row]":
    """Its rows, each once; where none is asked, each answer with its row."""
    from burnish.leave.promptfoo import Row

    seen: set[int] = set()
    for item in listed(api, f"/evals/{run['eval_id']}/runs/{run['id']}/output_items"):
        place, row = item["datasource_item_id"], item["datasource_item"]
        if not is_asked:
            output = item["sample"].get("output") or [{}]
            yield Row(row, str(output[-1].get("content") or ""))
        elif place not in seen:
            seen.add(place)
            yield Row(row)


def _of_file(path: Path) -> "Iterator[Row]":
    """Raises `InvalidRequest` with the line; blank lines are skipped."""
    from burnish.leave.promptfoo import Row

    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InvalidRequest(f"{path}, line {number}: this is no JSON: {error}.") from error
            if not isinstance(row, dict):
                raise InvalidRequest(f"{path}, line {number}: a row is an object.")
            item = row["item"] if isinstance(row.get("item"), dict) and row.keys() <= {"item", "sample"} else row
            sample = row.get("sample") if item is not row else None
            yield Row(item, sample.get("output_text") if isinstance(sample, dict) else None)
