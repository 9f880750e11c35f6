import os
import time
from pathlib import Path

from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.settings import Settings
from burnish.store.store import open_store
from tests.door import opened
from tests.receiver import SECRET, receiver
from tests.rows import NOW, job, upload


def test_what_has_run_out_is_removed_without_anybody_asking(tmp_path: Path):
    with opened(tmp_path) as door:
        door.state.store.uploads.insert(upload("upload_old", expires_at=int(time.time()) - 1))
        door.state.blobs.put("uploads/upload_old/part_a", b"abcdef")
    with opened(tmp_path) as door:  # its errands begin at once, and end with it
        pass
    assert list((tmp_path / "blobs").rglob("part_a")) == []


def test_a_write_that_was_killed_long_ago_goes_without_anybody_asking(tmp_path: Path):
    torn = tmp_path / "blobs" / "files" / "file-a#1"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"half")
    os.utime(torn, (NOW - 1_000_000_000, NOW - 1_000_000_000))
    with opened(tmp_path):
        pass
    assert not torn.exists()


def test_every_endpoint_is_told_by_a_running_server(tmp_path: Path):
    with receiver() as one, receiver() as other:
        hooks = {"one": {"url": one.url, "secret": SECRET}, "other": {"url": other.url, "secret": SECRET}}
        with opened(tmp_path, webhooks=hooks) as door:
            door.client.fine_tuning.jobs.cancel(door.create())
            assert one.next().headers["webhook-id"] == other.next().headers["webhook-id"]


def test_what_happened_while_no_server_ran_is_told_by_the_next(tmp_path: Path):
    store = open_store(Settings(data_dir=tmp_path))
    store.jobs.insert(job("ftjob-a", status=JobStatus.RUNNING), NewEvent("created"))
    store.jobs.cancel("ftjob-a", now=NOW)
    store.close()
    with receiver() as heard, opened(tmp_path, webhooks={"a": {"url": heard.url, "secret": SECRET}}):
        assert b"ftjob-a" in heard.next().body
