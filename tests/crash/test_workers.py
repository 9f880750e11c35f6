"""Two workers on one database: one ends what the other left, and who comes back from the dead writes nothing."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.crash.site import JOB, Site, undisturbed, until


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the job comes to where nobody is in the way."""
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


def runs_of(worker: "subprocess.Popen[bytes]") -> list[int]:
    """The processes of the jobs that a worker runs."""
    return [int(pid) for pid in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    """Whether a process lives; one that has ended and is not waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def tell(number: signal.Signals, *pids: int) -> None:
    for pid in pids:
        os.kill(pid, number)


def stop_outside_a_write(site: Site, *pids: int) -> None:
    """Stop processes, at a moment at which they do not keep SQLite's lock."""
    while True:
        tell(signal.SIGSTOP, *pids)
        with closing(sqlite3.connect(site.settings.data_dir / "burnish.db", timeout=0.5)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                tell(signal.SIGCONT, *pids)


def step_of(site: Site) -> int:
    return site.store.jobs.last_step(JOB)


def told_by(site: Site) -> list[str]:
    return [event.message for event in site.store.events.all(JOB) if event.message.startswith("The run had died")]


@pytest.mark.slow
@pytest.mark.xdist_group("crash")
def test_a_worker_back_from_the_dead_writes_nothing(tmp_path: Path, wanted: dict[str, Any]):
    site = Site(tmp_path)
    with site.worker() as first:
        until(lambda: step_of(site) >= 2)
        [run] = runs_of(first)
        stop_outside_a_write(site, first.pid, run)
        left = site.store.jobs.require(JOB)
        left_at = step_of(site)
        with site.worker():
            until(lambda: step_of(site) > left_at)
            tell(signal.SIGCONT, run)
            until(lambda: not is_there(run))  # it was refused, and has nobody to tell it to end
            tell(signal.SIGCONT, first.pid)
            until(lambda: site.is_done)
            until(lambda: site.leftovers() == [])  # the worker tidies up a moment later
            found = site.outcome()
        assert first.poll() is None  # it is in good health, and has nothing to do
    assert found == wanted
    assert site.store.jobs.require(JOB).attempt == left.attempt + 1
    assert told_by(site) == [f"The run had died. It goes on after step {left_at}"]


@pytest.mark.slow
@pytest.mark.xdist_group("crash")
def test_a_dead_workers_job_is_taken_over_by_the_one_that_lives(tmp_path: Path, wanted: dict[str, Any]):
    site = Site(tmp_path)
    with site.worker() as first, site.worker() as second:
        until(lambda: step_of(site) >= 2)
        holder = first if runs_of(first) else second
        holder.kill()
        until(lambda: site.is_done)
        found = site.outcome()
    assert found == wanted
    assert len(told_by(site)) == 1
