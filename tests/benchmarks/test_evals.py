import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.evals import Watch, faults, rows, run, table
from benchmarks.longrun import Reading

FLAT = [[Reading(step, 80.0, 20, 5) for step in range(0, 100, 10)]]
GOOD = Watch(FLAT, seconds=2.0, judged=90, passed=50)


def test_every_second_answer_is_right():
    found = [json.loads(line) for line in rows(4).splitlines()]
    assert [row["item"]["answer"] == row["sample"]["output_text"] for row in found] == [True, False, True, False]


def test_a_run_without_fault_has_none():
    assert faults(GOOD, 100) == []
    assert table(GOOD, 100)[0].startswith("45 items a second")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"missing": 1}, "missing"),
        ({"repeated": 2}, "again"),
        ({"passed": 49}, "49 items passed"),
        ({"readings": [[Reading(step, 80.0 + step, 20, 5) for step in range(0, 100, 10)]]}, "memory grew"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, object], word: str):
    [fault] = faults(replace(GOOD, **changes), 100)
    assert word in fault


@pytest.mark.slow
def test_a_killed_run_goes_on_and_does_nothing_twice(tmp_path: Path):
    watch = run(tmp_path, 1500)
    assert (watch.missing, watch.repeated, watch.passed) == (0, 0, 750)
