"""Writes the tables into benchmarks/README.md, between their markers: no figure there is copied by hand."""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.ledger import Entry
from benchmarks.speed.tables import TABLES, rows_of, table

NOTHING = "Not measured yet."
PICTURE = "![seconds a step over group size, answer tokens, prompt tokens, parameters and adapters](growth.svg)"


def write(page: Path, entries: Sequence[Entry]) -> None:
    """Put the present figures into the page. Raises `ValueError` where it lacks a table's markers."""
    page.write_text(filled(page.read_text(encoding="utf-8"), entries), encoding="utf-8")


def filled(text: str, entries: Sequence[Entry]) -> str:
    """The page's text with every table between its markers as the entries have it."""
    for kind, (name, head, _) in TABLES.items():
        rows = rows_of(kind, entries)
        picture = f"{PICTURE}\n\n" if name == "growth" else ""
        text = between(text, name, picture + table(head, rows) if rows else NOTHING)
    return between(text, "machines", _machines(entries) or NOTHING)


def between(text: str, name: str, content: str) -> str:
    """The text with this between a name's markers. Raises `ValueError` where they are not there once."""
    begin, end = f"<!-- {name}: written by its script -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"The page must have '{begin}' and '{end}' once.")
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)


def _machines(entries: Sequence[Entry]) -> str:
    """Each processor and set of versions that figures come from."""
    found: dict[str, None] = {}
    for entry in entries:
        where = entry.machine
        versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
        found[f"- {where['cpu']}, {where['cores']} core(s); {versions}"] = None
    return "\n".join(found)
