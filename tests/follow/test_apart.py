import multiprocessing
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from burnish.core.errors import BurnishError
from burnish.follow.apart import Apart
from tests.follow.paper import Paper, broken
from tests.rows import job

JOB = job("ftjob-a")


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Callable[[], Apart]]:
    opened: list[Apart] = []

    def make(timeout_s: float = 60.0) -> Apart:
        opened.append(Apart(partial(Paper, tmp_path / "paper"), JOB, timeout_s=timeout_s))
        return opened[-1]

    yield make
    for each in opened:
        each.drop()


def test_another_process_does_what_it_is_asked_in_order(tmp_path: Path):
    apart = Apart(partial(Paper, tmp_path / "paper"), JOB)
    assert apart.announcement is not None
    assert apart.announcement.startswith("ftjob-a by ")
    assert not apart.announcement.endswith(f" {os.getpid()}")
    apart.write(1, 1000, {"a": 0.5})
    apart.flush()
    apart.close(JOB)
    assert (tmp_path / "paper").read_text() == "1 1000 {'a': 0.5}\nflush\nclose validating_files\n"


@pytest.mark.parametrize(("step", "reason"), [(10, "no such step"), (11, "its process has ended")])
def test_what_goes_wrong_there_is_raised_here(paper: Callable[[], Apart], step: int, reason: str):
    apart = paper()
    with pytest.raises(BurnishError, match=reason):
        apart.write(step, 1000, {})
    with pytest.raises(BurnishError, match="its process has ended"):
        apart.write(1, 1000, {})


def test_what_hangs_is_given_up_and_ended(tmp_path: Path):
    apart = Apart(partial(Paper, tmp_path / "paper"), JOB)
    apart._timeout_s = 0.2
    with pytest.raises(BurnishError, match=r"no answer within 0\.2 s"):
        apart.write(12, 1000, {})
    assert multiprocessing.active_children() != []
    apart.drop()
    assert multiprocessing.active_children() == []


def test_a_log_that_cannot_be_opened_says_why():
    with pytest.raises(BurnishError, match="no room"):
        Apart(broken, JOB)
