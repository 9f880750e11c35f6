import os
from pathlib import Path

import pytest

from benchmarks.longrun import Reading, children_of, faults_of, reading_of, run, table


def readings(memory_mib: list[float], files: list[int] | None = None) -> list[Reading]:
    counts = files or [10] * len(memory_mib)
    pairs = zip(memory_mib, counts, strict=True)
    return [Reading(10 * number, mib, count, 3) for number, (mib, count) in enumerate(pairs, start=1)]


def test_what_grows_after_the_warm_up_is_a_fault():
    growing = [100.0 + 2 * step for step in range(12)]
    assert faults_of("run", readings(growing)) == ["run: resident memory grew from 106 to 120 MiB"]
    assert faults_of("run", readings([100.0] * 12, [*range(10, 22)])) == ["run: open files grew from 14 to 21"]


def test_a_warm_up_and_readings_that_go_up_and_down_are_none():
    assert faults_of("run", readings([50.0, 80.0, *([100.0, 103.0] * 5)], [4, 6, *([8, 10] * 5)])) == []


def test_a_process_is_read_while_it_lives():
    found = reading_of(os.getpid(), 7)
    assert found is not None
    assert found.step == 7
    assert found.memory_mib > 10
    assert found.files >= 3
    assert reading_of(2**22 + 1, 7) is None


def test_a_line_of_the_table_has_a_step_and_every_process():
    lines = table({"server": readings([1.0, 2.0]), "run": readings([3.0, 4.0])})
    assert [line.split() for line in lines[1:]] == [
        ["10", "1.0", "/", "10", "3.0", "/", "10"],
        ["20", "2.0", "/", "10", "4.0", "/", "10"],
    ]


@pytest.mark.slow
def test_all_processes_of_a_job_are_read(tmp_path: Path):
    found = run(tmp_path, steps=100, every=5)
    assert {name: len(of_one) > 1 for name, of_one in found.items()} == dict.fromkeys(found, True)
    assert all(child > 0 for child in children_of(os.getpid()))
