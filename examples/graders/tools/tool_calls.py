"""Tool calls: the right tools, with the right arguments, and no others.

`item["calls"]` are the wanted calls, `{"name": …, "arguments": {…}}`, in any order; none: no tool is to be called.
"""

import json
from typing import Any

Json = Any

NAME = 0.2
"""What the right tool is worth with wrong arguments."""


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """0 to 1: the mean over the calls wanted, or over those made where they are more."""
    left = [read(call) for call in sample.get("output_tools") or []]
    most = max(len(left), len(item["calls"]))
    credit = 0.0
    for wanted in item["calls"]:
        best = max(left, key=lambda made: alike(made, wanted), default=None)
        if best is not None:
            credit += alike(best, wanted)
            left.remove(best)  # so that no call is paid for twice
    return credit / most if most else 1.0


def alike(made: dict[str, Json], wanted: dict[str, Json]) -> float:
    """0 for another tool or unreadable arguments, else `NAME` and the rest by F1 over the arguments."""
    found, due = made["arguments"], wanted["arguments"]
    if made["name"] != wanted["name"] or not isinstance(found, dict):
        return 0.0
    right = sum(name in found and same(found[name], value) for name, value in due.items())
    total = len(found) + len(due)
    return NAME + (1 - NAME) * (2 * right / total if total else 1.0)


def same(found: Json, wanted: Json) -> bool:
    """Equal, and not merely as Python has it: true is not 1."""
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


def read(call: Json) -> dict[str, Json]:
    """A call's name and arguments, each None where it cannot be read."""
    match call:
        case {"function": {"name": str(name), "arguments": str(text)}}:
            try:
                return {"name": name, "arguments": json.loads(text)}
            except (ValueError, RecursionError):
                return {"name": name, "arguments": None}
    return {"name": None, "arguments": None}
