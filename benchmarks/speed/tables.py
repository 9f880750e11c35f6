"""The ledger's entries as tables: medians of ratios that were taken step by step."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benchmarks.speed.ledger import Entry
from benchmarks.speed.race import TUNING_SEED, gains

Result = Mapping[str, Any]
Row = Callable[[Entry], list[str]]

STEP_HEAD = [
    "model", "parameters", "work", "TRL's setting", "TRL, a step", "of it sampling", "ours, a step", "of it sampling",
    "answer tokens, TRL / ours (trained)", "**ratio**", "lowest to highest", "steps", "engine", "date",
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
        f"{statistics.median(result['trl_tokens']):.0f} / {statistics.median(our['tokens'] for our in ours):.0f} "
        f"({statistics.median(our['trained'] for our in ours):.0f})",
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


TRAINING_HEAD = [
    "model", "work", "computed in", "the pass", "its products alone", "**share**", "lowest to highest", "rounds",
    "share of a 2048² product's rate", "the update", "engine", "date",
]  # fmt: skip


def training_row(entry: Entry) -> list[str]:
    """The training pass beside its matrix products."""
    case, result = entry.case, entry.result
    shares = [products / taken for products, taken in zip(result["products_s"], result["pass_s"], strict=True)]
    used = [result["flops"] / taken / rate for taken, rate in zip(result["pass_s"], result["rate"], strict=True)]
    return [
        case["model"],
        case["work"],
        result["dtype"].removeprefix("torch."),
        _seconds(result["pass_s"]),
        _seconds(result["products_s"]),
        *_ratio(shares),
        f"{statistics.median(used):.2f}",
        _seconds(result["update_s"]),
        *_when(entry),
    ]


MEMORY_HEAD = [
    "model", "parameters", "work", "TRL's setting", "TRL", "ours", "**ours / TRL**", "steps", "engine", "date",
]  # fmt: skip


def memory_row(entry: Entry) -> list[str]:
    """Peak memory of both."""
    case, result = entry.case, entry.result
    return [
        case["model"],
        case["parameters"],
        case["work"],
        case["trl"],
        f"{result['trl_bytes'] / 2**20:.0f} MiB",
        f"{result['ours_bytes'] / 2**20:.0f} MiB",
        f"**{result['ours_bytes'] / result['trl_bytes']:.2f}**",
        str(case["rounds"]),
        *_when(entry),
    ]


LEARNING_HEAD = [
    "seed", "TRL's setting", "learning rate, TRL / ours", "base", "steps to +0.2, TRL / ours",
    "seconds a step, TRL / ours", "seconds to +0.2, TRL / ours", "**ratio**", "engine", "date",
]  # fmt: skip


def learning_row(entry: Entry) -> list[str]:
    """How soon each side had gained enough."""
    case, result = entry.case, entry.result
    ours, theirs = gains(result)
    ours_s = [step["seconds"] for step in result["ours"]]
    return [
        f"{case['seed']}{' (tuning)' if case['seed'] == TUNING_SEED else ''}",
        case["trl"],
        f"{case['trl_lr']:.0e} / {case['ours_lr']:.0e}",
        f"{result['base']:.3f}",
        " / ".join(str(each.steps) if each else "none" for each in (theirs, ours)),
        f"{statistics.median(result['trl_s']):.2f} / {statistics.median(ours_s):.2f}",
        " / ".join(f"{each.seconds:.0f}" if each else "none" for each in (theirs, ours)),
        f"**{theirs.seconds / ours.seconds:.2f}**" if ours and theirs else "none",
        *_when(entry),
    ]


TABLES: dict[str, tuple[str, list[str], Row]] = {
    "StepCase": ("step", STEP_HEAD, step_row),
    "SamplingCase": ("sampling", SAMPLING_HEAD, sampling_row),
    "TrainingCase": ("training", TRAINING_HEAD, training_row),
    "MemoryCase": ("memory", MEMORY_HEAD, memory_row),
    "LearningCase": ("learning", LEARNING_HEAD, learning_row),
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
