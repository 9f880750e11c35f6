"""A job whose budget is spent again and again, and whose run is killed between that and the pause."""

import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from burnish.core.job import JobStatus
from burnish.store.tables import jobs
from tests.crash.site import JOB, Site, until

BUDGET = {"burnish_budget_tokens": "400"}


def site_with_budget(directory: Path) -> Site:
    site = Site(directory)
    with site.store.jobs.database.write() as connection:
        connection.execute(sa.update(jobs).values(metadata=BUDGET))
    return site


def carry_out(site: Site, kills: int) -> int:
    """Resume the job whenever it is paused; so often, kill the worker, and its run with it, that is about to pause it.

    How many were killed.
    """
    killed = 0
    while not site.is_done:
        with site.worker() as worker:
            while not site.is_done and worker.poll() is None:
                job = site.store.jobs.require(JOB)
                if job.status is JobStatus.PAUSED:
                    site.store.jobs.resume(JOB, now=time.time())
                elif job.desired == "pause" and job.status is JobStatus.RUNNING and killed < kills:
                    killed += 1
                    worker.kill()
                    worker.wait()
                    break
                until(lambda before=job: site.store.jobs.require(JOB) != before)
    return killed


def told(site: Site) -> list[str]:
    return [each.message for each in site.store.events.all(JOB) if each.message.startswith("Budget")]


def outcome(site: Site) -> dict[str, Any]:
    """What the job came to, its log and the checkpoints of its pauses left out."""
    return {name: value for name, value in site.outcome().items() if name not in ("events", "checkpoints")}


@pytest.mark.slow
def test_a_budget_pauses_at_the_same_steps_though_the_run_dies_before_it_has_paused(tmp_path: Path):
    calm, hunted = site_with_budget(tmp_path / "calm"), site_with_budget(tmp_path / "hunted")
    assert (carry_out(calm, kills=0), carry_out(hunted, kills=2)) == (0, 2)
    assert len(told(calm)) > 2
    assert told(hunted) == told(calm)
    assert outcome(hunted) == outcome(calm)
