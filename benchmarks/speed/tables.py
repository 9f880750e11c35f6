"""The ledger's entries as tables: medians of ratios that were taken step by step."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benchmarks.speed.ledger import Entry

Result = Mapping[str, Any]
Row = Callable[[Entry], list[str]]

STEP_HEAD = [
    "model", "parameters", "work", "TRL's setting", "TRL, a step", "of it sampling", "ours, a step", "of it sampling",
    "answer tokens, TRL / ours", "**ratio**", "lowest to highest", "steps", "engine", "date",
]  # fmt: skip


def step_row(entry: Entry) -> list[str]:
    """A whole step against TRL's."""
    case, result = entry.case, entry.result
    ours, theirs = result["ours"], result["trl_s"]
    ratios = [trl / our["seconds"] for trl, our in zip(theirs, ours, strict=True)]
    return [
        case["model"],
        case["parameters"],
        case["work"],
        case["trl"],
        _seconds(theirs),
        _seconds(result["trl_generate_s"]),
        _seconds([our["seconds"] for our in ours]),
        _seconds([our["sampling_s"] for our in ours]),
        f"{statistics.median(result['trl_tokens']):.0f} / {statistics.median(our['tokens'] for our in ours):.0f}",
        *_ratio(ratios),
        *_when(entry),
    ]


SAMPLING_HEAD = [
    "model", "work", "peer", "peer, tokens a second", "ours, tokens a second", "**ratio**", "lowest to highest",
    "rounds", "engine", "date",
]  # fmt: skip


def sampling_row(entry: Entry) -> list[str]:
    """Sampling alone against a peer's."""
    case, result = entry.case, entry.result
    peer = [count / spent for count, spent in zip(result["peer_tokens"], result["peer_s"], strict=True)]
    ours = [count / spent for count, spent in zip(result["ours_tokens"], result["ours_s"], strict=True)]
    ratios = [mine / theirs for mine, theirs in zip(ours, peer, strict=True)]
    return [
        case["model"],
        case["work"],
        case["peer"],
        f"{statistics.median(peer):.0f}",
        f"{statistics.median(ours):.0f}",
        *_ratio(ratios),
        *_when(entry),
    ]


TABLES: dict[str, tuple[str, list[str], Row]] = {
    "StepCase": ("step", STEP_HEAD, step_row),
    "SamplingCase": ("sampling", SAMPLING_HEAD, sampling_row),
}
"""Kind of case -> the name of its table in README, its columns, and what one entry says in them."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join(lines)


def rows_of(kind: str, entries: Iterable[Entry]) -> list[list[str]]:
    """The newest entry of every case of a kind."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == kind:
            newest[str(sorted(entry.case.items()))] = entry
    row = TABLES[kind][2]
    return [row(entry) for entry in newest.values()]


def _ratio(ratios: Sequence[float]) -> list[str]:
    return [f"**{statistics.median(ratios):.2f}**", f"{min(ratios):.2f} to {max(ratios):.2f}", str(len(ratios))]


def _when(entry: Entry) -> list[str]:
    return [entry.machine["engine"], entry.machine["date"]]


def _seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} s"
