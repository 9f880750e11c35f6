"""The curves of `growth.py` as one picture: seconds over size, both in powers of two, beside a line in proportion."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.ticker import FormatStrFormatter

from benchmarks.speed.growth import SIZES
from benchmarks.speed.ledger import Entry

PHASES = {"sampling_s": ("sampling", "tab:blue"), "training_s": ("training", "tab:orange")}


def draw(path: Path, entries: Sequence[Entry]) -> None:
    """Write the newest curves as SVG, a panel each; nothing where there are none."""
    newest = {entry.case["term"]: entry for entry in entries if entry.kind == "GrowthCase"}
    terms = [term for term in SIZES if term in newest]
    if not terms:
        return
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "burnish"
    figure, panels = pyplot.subplots(1, len(terms), figsize=(3.2 * len(terms), 3.2), squeeze=False)
    for panel, term in zip(panels[0], terms, strict=True):
        _panel(panel, newest[term])
    panels[0][0].set_ylabel("seconds a step")
    panels[0][0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _panel(panel: Any, entry: Entry) -> None:
    sizes = entry.result["sizes"]
    places = [max(size, 0.5) for size in sizes]  # no adapter at all stands one step left of one
    for name, (label, colour) in PHASES.items():
        if name not in entry.result:
            continue
        seconds = [statistics.median(each) for each in entry.result[name]]
        panel.plot(places, seconds, "o-", label=label, color=colour)
        if all(sizes):
            straight = [seconds[-1] * size / sizes[-1] for size in sizes]
            panel.plot(places, straight, ":", color=colour, linewidth=1)
    panel.set_xscale("log", base=2)
    panel.set_yscale("log", base=2)
    panel.set_xticks(places, [_short(size) for size in sizes])
    panel.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    panel.set_xlabel(entry.case["term"])


def _short(size: int) -> str:
    return f"{size / 1e6:.2g}M" if size >= 1e5 else str(size)
