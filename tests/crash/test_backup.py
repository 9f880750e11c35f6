"""A backup of a job that runs, taken elsewhere: it ends there as it does here."""

from pathlib import Path

import pytest

from burnish.store.backup import backup, restore
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from tests.crash.site import JOB, Site, until


@pytest.mark.slow
def test_a_running_job_goes_on_from_its_backup_to_the_same_end(tmp_path: Path):
    site = Site(tmp_path)
    with site.worker():
        until(lambda: site.store.jobs.last_step(JOB) >= 2)
        copied = backup(site.store, site.blobs, tmp_path / "copy")
        until(lambda: site.is_done)
    wanted = site.outcome()
    site.settings = site.settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    site.store, site.blobs = open_store(site.settings), open_blobs(site.settings)
    assert restore(tmp_path / "copy", site.store, site.blobs) == copied
    begun_at = site.store.jobs.last_step(JOB)
    with site.worker():
        until(lambda: site.is_done)
    found = site.outcome()
    assert {name: found[name] == value for name, value in wanted.items()} == dict.fromkeys(wanted, True)
    messages = [event.message for event in site.store.events.all(JOB)]
    assert f"The run had died. It goes on after step {begun_at}" in messages
