"""The ledger's entries as tables: medians of ratios that were taken step by step."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benchmarks.speed.ledger import Entry
from benchmarks.speed.race import TUNING_SEED, gains
from benchmarks.speed.work import WORKS

Result = Mapping[str, Any]
Rows = Callable[[Entry], list[list[str]]]

STEP_HEAD = [
    "model", "parameters", "work", "TRL's setting", "TRL, a step", "of it sampling", "ours, a step", "of it sampling",
    "answer tokens, TRL / ours (trained)", "tokens in the pass, TRL : ours", "**ratio**", "lowest to highest", "steps",
    "processor", "engine", "date",
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
        f"{packing(entry):.1f}",
        *_ratio(ratios),
        *_when(entry),
    ]


def packing(entry: Entry) -> float:
    """How many tokens TRL's pass has for one of ours: each answer brings its prompt there, each group here."""
    work = WORKS[entry.case["work"]]
    prompt_tokens, answers = float(entry.result["prompt_tokens"]), float(statistics.median(entry.result["trl_tokens"]))
    return (work.rows * prompt_tokens + answers) / (work.prompts * prompt_tokens + answers)


TUNING_HEAD = [
    "model", "parameters", "work", "TRL's setting", "TRL, a step", "of it sampling", "**TRL / ours**",
    "lowest to highest", "steps", "processor", "engine", "date",
]  # fmt: skip


def tuning_row(entry: Entry) -> list[str]:
    """One of TRL's settings."""
    row = step_row(entry)
    return [*row[:6], *row[-6:]]


SAMPLING_HEAD = [
    "model", "work", "peer", "peer, tokens a second", "ours, tokens a second", "**ratio**", "lowest to highest",
    "rounds", "processor", "engine", "date",
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
    "share of a 2048² product's rate", "the update", "processor", "engine", "date",
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
    "model", "parameters", "work", "TRL's setting", "TRL", "ours", "**ours / TRL**", "steps",
    "processor", "engine", "date",
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
    "seconds a step, TRL / ours", "seconds to +0.2, TRL / ours", "**ratio**", "processor", "engine", "date",
]  # fmt: skip


def learning_row(entry: Entry) -> list[str]:
    """How soon each side had gained enough."""
    case, result = entry.case, entry.result
    ours, theirs = gains(result)
    ours_s = [step["seconds"] for step in result["ours"]]
    return [
        f"{case['seed']}{' (tuning)' if case['seed'] == TUNING_SEED else ''}",
        case["trl"],
        f"{case['trl_lr']:g} / {case['ours_lr']:g}",
        f"{result['base']:.3f}",
        " / ".join(str(each.steps) if each else "none" for each in (theirs, ours)),
        f"{statistics.median(result['trl_s']):.2f} / {statistics.median(ours_s):.2f}",
        " / ".join(f"{each.seconds:.0f}" if each else "none" for each in (theirs, ours)),
        f"**{theirs.seconds / ours.seconds:.2f}**" if ours and theirs else "none",
        *_when(entry),
    ]


GROWTH_HEAD = [
    "what grows", "sizes", "sampling", "training", "growth, sampling", "growth, training", "rounds",
    "processor", "engine", "date",
]  # fmt: skip


def growth_row(entry: Entry) -> list[str]:
    """Seconds by size, and the exponent over the last doubling or quadrupling."""
    sizes = entry.result["sizes"]
    phases = [[statistics.median(each) for each in entry.result.get(name, [])] for name in ("sampling_s", "training_s")]
    return [
        entry.case["term"],
        ", ".join(f"{size:,}" for size in sizes),
        *(", ".join(f"{value:.2f}" for value in phase) or "none" for phase in phases),
        *(f"{exponent(sizes, phase):.2f}" if phase else "none" for phase in phases),
        str(entry.case["rounds"]),
        *_when(entry),
    ]


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """How time grew from the last but one size to the last: 1 is in proportion."""
    return math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])


PROFILE_HEAD = [
    "model",
    "parameters",
    "work",
    "phase",
    "seconds",
    "where they went",
    "steps",
    "processor",
    "engine",
    "date",
]


def profile_rows(entry: Entry) -> list[list[str]]:
    """Both phases of a step, the largest parts first."""
    return [
        [
            entry.case["model"],
            entry.case["parameters"],
            entry.case["work"],
            phase,
            _seconds(entry.result[phase]["seconds"]),
            ", ".join(f"{part} {share:.0%}" for part, share in entry.result[phase]["shares"].items() if share >= 0.01),
            str(entry.case["rounds"]),
            *_when(entry),
        ]
        for phase in ("sampling", "training")
    ]


def _one(row: Callable[[Entry], list[str]]) -> Rows:
    return lambda entry: [row(entry)]


TABLES: dict[str, tuple[str, list[str], Rows]] = {
    "StepCase": ("step", STEP_HEAD, _one(step_row)),
    "TuningCase": ("tuning", TUNING_HEAD, _one(tuning_row)),
    "SamplingCase": ("sampling", SAMPLING_HEAD, _one(sampling_row)),
    "TrainingCase": ("training", TRAINING_HEAD, _one(training_row)),
    "MemoryCase": ("memory", MEMORY_HEAD, _one(memory_row)),
    "LearningCase": ("learning", LEARNING_HEAD, _one(learning_row)),
    "GrowthCase": ("growth", GROWTH_HEAD, _one(growth_row)),
    "ProfileCase": ("profile", PROFILE_HEAD, profile_rows),
}
"""Kind of case -> the name of its table in README, its columns, and what one entry says in them."""
MODELS = {"S": 0, "starter": 1, "M": 2}
"""In the order in which they stand in a table."""
KEPT = ("ProfileCase",)
"""Kinds of which every engine's entry stays on the page: before and after."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join(lines)


def rows_of(kind: str, entries: Iterable[Entry]) -> list[list[str]]:
    """The newest entry of every case of a kind and processor, however many rounds it took."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == kind:
            named = {name: value for name, value in entry.case.items() if name != "rounds"}
            engine = entry.machine["engine"] if kind in KEPT else ""
            newest[f"{sorted(named.items())} {entry.machine['cpu']} {engine}"] = entry
    _, _, rows = TABLES[kind]
    together = sorted(
        newest.values(), key=lambda entry: (_processor(entry), MODELS.get(entry.case.get("model", ""), 0))
    )
    return [row for entry in together for row in rows(entry)]


def _ratio(ratios: Sequence[float]) -> list[str]:
    return [f"**{statistics.median(ratios):.2f}**", f"{min(ratios):.2f} to {max(ratios):.2f}", str(len(ratios))]


def _when(entry: Entry) -> list[str]:
    return [_processor(entry), entry.machine["engine"], entry.machine["date"]]


def _processor(entry: Entry) -> str:
    """Its maker, and the best that it has for bf16."""
    name, _, abilities = entry.machine["cpu"].partition(" (")
    return f"{name.split()[0].removesuffix('(R)')}, {abilities.removesuffix(')').split(', ')[0]}"


def _seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} s"
