from dataclasses import dataclass, replace

import pytest

from benchmarks.speed.ledger import Entry, Ledger, measured
from benchmarks.speed.machine import machine


@dataclass(frozen=True, slots=True)
class Made:
    """A case that costs nothing."""

    number: int

    def measure(self, room):
        (room / "proof").write_text("an empty directory of its own")
        if self.number < 0:
            raise ValueError("a number below 0")
        return {"double": 2 * self.number}


def test_a_case_is_measured_once_for_an_engine_and_a_machine(tmp_path):
    entry = measured(Made(4), [0])
    ledger = Ledger(tmp_path / "results.jsonl")
    ledger.add(entry)
    (kept,) = ledger.entries()
    here = machine([0])
    assert kept.result == {"double": 8}
    assert kept.is_of(Made(4), here)
    assert not kept.is_of(Made(5), here)
    assert not kept.is_of(Made(4), replace(here, engine="0000000"))
    assert not kept.is_of(Made(4), replace(here, cpu="another"))


def test_a_case_that_fails_says_so():
    with pytest.raises(ValueError, match="below 0"):
        measured(Made(-1), [0])


def test_a_ledger_without_a_file_is_empty(tmp_path):
    assert Ledger(tmp_path / "none.jsonl").entries() == []


def test_the_kind_tells_cases_apart(tmp_path):
    here = machine([0])
    entry = Entry("Other", {"number": 4}, {"cpu": here.cpu, "cores": 1, "engine": here.engine}, {})
    assert not entry.is_of(Made(4), here)
