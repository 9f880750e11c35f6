"""A job that stops early, and whose worker and run are killed after each of its validation passes."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from burnish.store.tables import jobs
from tests.crash.site import JOB, Site, until


def site_without_progress(directory: Path) -> Site:
    """A job that learns next to nothing, so that all its validation passes find the same."""
    site = Site(directory)
    request: dict[str, Any] = json.loads(json.dumps(site.store.jobs.require(JOB).request))
    request["method"]["reinforcement"]["hyperparameters"]["learning_rate_multiplier"] = 1e-9
    request["metadata"] = {"burnish_early_stop_patience": "2"}
    with site.store.jobs.database.write() as connection:
        connection.execute(sa.update(jobs).values(request=request))
    return site


def carry_out(site: Site, kill_after: tuple[int, ...] = ()) -> int:
    """Carry the job out; how many workers were killed, and their runs with them, after the steps named."""
    killed = 0
    for step in (*kill_after, None):
        with site.worker() as worker:
            until(lambda step=step: site.is_done or (step is not None and site.store.jobs.has_step(JOB, step)))
            killed += not site.is_done
            worker.kill()
            worker.wait()
    return killed


@pytest.mark.slow
def test_a_job_stops_at_the_same_step_though_it_dies_after_every_pass(tmp_path: Path):
    calm, hunted = site_without_progress(tmp_path / "calm"), site_without_progress(tmp_path / "hunted")
    assert carry_out(calm) == 0
    assert carry_out(hunted, kill_after=(0, 3, 5)) >= 2
    assert (found := hunted.outcome()) == calm.outcome()
    assert "Stopped early after step 6 of 12" in found["events"]
