"""A comparison of runs as tables and sentences."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from burnish.core.quantity import dollars

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

Json = Any
_SHOWN = 60
"""Characters of a row or an answer."""
_STANDING = ("run", "model", "rows", "score", "pass rate", "errors", "seconds", "tokens", "cost")


def contrast(report: Mapping[str, Json]) -> "Iterator[RenderableType]":
    """What is to be printed; `report` is what the API answers."""
    from rich.text import Text

    runs = _named_apart(report["runs"])
    yield _table(_STANDING, map(_standing, runs))
    criteria = list(dict.fromkeys(name for run in runs for name in run["criteria"]))
    if len(criteria) > 1:
        scores = [(name, *(_number(run["criteria"].get(name), ".3f") for run in runs)) for name in criteria]
        yield Text("")
        yield _table(("criterion", *(run["name"] for run in runs)), scores)
    names = {run["run_id"]: run["name"] for run in runs}
    for difference in report["differences"]:
        yield Text("")
        yield Text(f"{names[difference['run_id']]} against {runs[0]['name']}", style="bold")
        yield from _difference(difference)


def _named_apart(runs: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Runs of the same name with their ids behind it."""
    names = [run["name"] for run in runs]
    return [
        {**run, "name": f"{run['name']} ({run['run_id']})" if names.count(run["name"]) > 1 else run["name"]}
        for run in runs
    ]


def _standing(run: Mapping[str, Json]) -> Sequence[str]:
    return (
        run["name"],
        run["model"] or "-",
        f"{run['rows']:,}",
        _interval(run["score"]),
        _interval(run["pass_rate"]),
        f"{run['errors']:,}",
        _number(run["seconds_per_answer"], ".2f"),
        _number(run["tokens_per_answer"], ",.0f"),
        dollars(run["usd"]) if run["usd"] is not None else "-",
    )


def _difference(difference: Mapping[str, Json]) -> "Iterator[RenderableType]":
    from rich.text import Text

    style = ""
    if difference["is_significant"]:
        style = "green" if difference["difference"]["mean"] > 0 else "red"
    yield Text(difference["verdict"], style=style)
    if difference["rows"]:
        now = difference["decisions"]
        yield Text(f"{now['now_pass']:,} rows that failed now pass, {now['now_fail']:,} that passed now fail.")
    if difference["unpaired"]:
        yield Text(f"{difference['unpaired']:,} rows are not the same in both, and are left out.")
    if difference["slices"]:
        yield Text("")
        headings = ("slice", "rows", "difference", "better", "worse", "same", "")
        yield _table(headings, map(_slice, difference["slices"]))
    if difference["changed"]:
        yield Text("")
        yield _table(("row", "change", "", "before", "after"), map(_changed, difference["changed"]))


def _slice(part: Mapping[str, Json]) -> Sequence[str]:
    return (
        f"{part['field']} = {_short(part['value'])}",
        f"{part['rows']:,}",
        _interval(part["difference"], "+.3f"),
        *(f"{part[key]:,}" for key in ("wins", "losses", "ties")),
        "significant" if part["is_significant"] else "",
    )


def _changed(row: Mapping[str, Json]) -> Sequence[str]:
    return (
        str(row["datasource_item_id"]),
        f"{row['difference']:+.3f}",
        _short(_asked(row["datasource_item"])),
        *(_short(_said(row[side])) for side in ("before", "after")),
    )


def _asked(item: Mapping[str, Json]) -> Json:
    """What tells a row from others: the last message of a dataset's row, or the whole item."""
    messages = item.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[-1], Mapping):
        return messages[-1].get("content")
    return item


def _said(answers: Sequence[Mapping[str, Json]]) -> Json:
    """The first of a row's answers."""
    return answers[0]["content"] if answers else "-"


def _short(value: Json) -> str:
    """On one line, cut off where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _interval(found: Mapping[str, float] | None, form: str = ".3f") -> str:
    if found is None:
        return "-"
    return f"{found['mean']:{form}} [{found['low']:{form}}, {found['high']:{form}}]"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> "Table":
    from rich.table import Column, Table
    from rich.text import Text

    columns = [Column(heading, overflow="fold") for heading in headings]
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))  # answers are no markup
    return table
