"""Measures and prints the tables of speed: `make bench` (minutes), `make bench-full` (hours, goes on where it stopped).

`python -m benchmarks.speed.bench [--full] [--only VALUE ...] [--cores 0]`: in TRL's virtual environment.
"""

import argparse
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.speed.cases import full, quick
from benchmarks.speed.ledger import FAILURES, Case, Ledger, kind_of, measured
from benchmarks.speed.machine import ROOT, has_bf16, machine
from benchmarks.speed.report import write
from benchmarks.speed.tables import TABLES, table

LEDGER = Path(__file__).parent / "results.jsonl"
README = ROOT / "benchmarks" / "README.md"


def main() -> None:
    """Measure what is wanted, print each row as it comes."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--full", action="store_true", help="every row; results are kept, and README is written")
    flags.add_argument("--only", nargs="*", default=[], help="values that a case must have: --only M ragged")
    flags.add_argument("--cores", default="0", help="the cores to keep to, with commas; a thread each")
    flags.add_argument("--rounds", type=int, help="steps or rounds to count, instead of each case's own number")
    flags.add_argument("--list", action="store_true", help="name the cases and stop")
    given = flags.parse_args()
    cores = [int(core) for core in given.cores.split(",")]
    ledger = Ledger(LEDGER)
    for case in full(has_bf16(), ledger) if given.full else quick(has_bf16()):
        if not _wanted(case, given.only):
            continue
        chosen = case if given.rounds is None else replace(case, rounds=given.rounds)
        if given.list:
            print(chosen)
        else:
            _one(chosen, cores, ledger if given.full else None)
    if given.full and not given.list:
        write(README, ledger.entries())


def _wanted(case: Case, words: list[str]) -> bool:
    values = [kind_of(case), *map(str, asdict(case).values())]
    return all(word in values for word in words)


def _one(case: Case, cores: list[int], ledger: Ledger | None) -> None:
    """Measure a case, unless the ledger knows it; where it fails, say so and let the next one come."""
    if ledger is not None and any(entry.is_of(case, machine(cores)) for entry in ledger.entries()):
        return
    started = time.monotonic()
    try:
        entry = measured(case, cores)
    except FAILURES as error:
        print(f"FAILED {case}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return
    if ledger is not None:
        ledger.add(entry)
    _, head, row = TABLES[kind_of(case)]
    print(f"{case} ({time.monotonic() - started:.0f} s)\n{table(head, [row(entry)])}\n", flush=True)


if __name__ == "__main__":
    main()
