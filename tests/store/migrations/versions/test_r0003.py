import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.records import UploadPart
from tests.rows import NOW, upload
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0002 import ROWS as OLD

ROWS = OLD | {
    "uploads": {
        "id": "upload_a",
        "bytes": 1_099_511_627_776,
        "created_at": NOW,
        "expires_at": NOW + 3600,
        "filename": "rows.jsonl",
        "purpose": "fine-tune",
        "project": "b",
        "status": "pending",
        "file_expires_s": 3600,
        "is_cleared": False,
    },
    "upload_parts": {"id": "part_a", "upload_id": "upload_a", "created_at": NOW, "bytes": 1_099_511_627_776},
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0003", ROWS)
    joint = store.of("b").uploads.begin("upload_a", ["part_a"], None, now=NOW)
    assert joint.upload == upload("upload_a", bytes=2**40, project="b", file_expires_s=3600)
    assert joint.parts == [UploadPart("part_a", "upload_a", NOW, 2**40)]
    store.uploads.cancel("upload_a")
    with pytest.raises(InvalidRequest):
        store.uploads.require_pending("upload_a")
    store.close()


def test_a_store_without_uploads_takes_them(database_url: str):
    store = filled(database_url, "0002", OLD)
    store.uploads.insert(upload("upload_a"))
    assert store.uploads.require_pending("upload_a") == upload("upload_a")
    store.close()
