"""Measures and prints the tables of speed: `make bench` (minutes), `make bench-full` (hours, goes on where it stopped).

`python -m benchmarks.speed.bench quick|full|growth|profile|tuning [--only VALUE ...]`, in TRL's virtual environment.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.speed.cases import full, growth, profiles, quick, tuning
from benchmarks.speed.ledger import FAILURES, Case, Ledger, kind_of, measured
from benchmarks.speed.machine import ROOT, has_bf16, machine
from benchmarks.speed.plots import draw
from benchmarks.speed.report import write
from benchmarks.speed.tables import TABLES, table

TABLE_NAMES = ("quick", "full", "growth", "profile", "tuning")
LEDGER = Path(__file__).parent / "results.jsonl"
README = ROOT / "benchmarks" / "README.md"
PLOT = ROOT / "benchmarks" / "growth.svg"


def main() -> int:
    """Measure what is wanted, print each row as it comes; 1 where a case failed."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("table", choices=TABLE_NAMES, help="all but the quick one are kept")
    flags.add_argument("--only", nargs="*", default=[], help="values that a case must have: --only M ragged")
    flags.add_argument("--cores", default="0", help="the cores to keep to, with commas; a thread each")
    flags.add_argument("--rounds", type=int, help="steps or rounds to count, instead of each case's own number")
    flags.add_argument("--list", action="store_true", help="name the cases and stop")
    given = flags.parse_args()
    cores = [int(core) for core in given.cores.split(",")]
    ledger, failed = Ledger(LEDGER), 0
    for case in _cases(given.table, ledger):
        if not _wanted(case, given.only):
            continue
        chosen = case if given.rounds is None else replace(case, rounds=given.rounds)
        if given.list:
            print(chosen)
        elif not _one(chosen, cores, ledger if given.table != "quick" else None):
            failed = 1
    if given.table != "quick" and not given.list:
        draw(PLOT, ledger.entries())
        write(README, ledger.entries())
    return failed


def _cases(name: str, ledger: Ledger) -> Iterator[Case]:
    match name:
        case "quick":
            return quick(has_bf16())
        case "full":
            return full(has_bf16(), ledger)
        case "growth":
            return growth()
        case "tuning":
            return tuning()
        case _:
            return profiles()


def _wanted(case: Case, words: list[str]) -> bool:
    values = [kind_of(case), *map(str, asdict(case).values())]
    return all(word in values for word in words)


def _one(case: Case, cores: list[int], ledger: Ledger | None) -> bool:
    """Measure a case, unless the ledger knows it; where it fails, say so and let the next one come."""
    if ledger is not None and any(entry.is_of(case, machine(cores)) for entry in ledger.entries()):
        return True
    started = time.monotonic()
    try:
        entry = measured(case, cores)
    except FAILURES as error:
        print(f"FAILED {case}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return False
    if ledger is not None:
        ledger.add(entry)
    _, head, rows = TABLES[kind_of(case)]
    print(f"{case} ({time.monotonic() - started:.0f} s)\n{table(head, rows(entry))}\n", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
