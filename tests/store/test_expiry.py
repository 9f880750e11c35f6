from pathlib import Path

import pytest

from burnish.core.errors import StoreUnavailable
from burnish.core.records import UploadPart
from burnish.store.blobs import Blobs, blobs_in
from burnish.store.expiry import expire
from burnish.store.store import Store
from tests.rows import NOW, file, upload


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return blobs_in(tmp_path / "blobs")


def _add(store: Store, blobs: Blobs, name: str) -> None:
    """An upload with a part, and with what a try to complete it left that never came to its end."""
    store.uploads.insert(upload(name))
    blobs.put(f"uploads/{name}/part_{name}", b"abcdef")
    store.uploads.add_part(UploadPart(f"part_{name}", name, NOW, 6))
    joint = store.uploads.begin(name, [f"part_{name}"], None, now=NOW)
    blobs.put(f"files/{joint.file_id}", b"abcdef")


def test_an_abandoned_upload_leaves_no_bytes(store: Store, blobs: Blobs):
    _add(store, blobs, "upload_a")
    blobs.put("uploads/upload_a/part_without_a_row", b"x")  # whoever wrote it died before its row
    expire(store, blobs, NOW + 3599)
    assert len(blobs.paths()) == 3
    expire(store, blobs, NOW + 3600)
    assert blobs.paths() == []


def test_a_cancelled_upload_leaves_no_bytes(store: Store, blobs: Blobs):
    _add(store, blobs, "upload_a")
    _add(store, blobs, "upload_b")
    store.uploads.cancel("upload_a")
    expire(store, blobs, NOW)
    assert all("upload_b" in path or path.startswith("files/") for path in blobs.paths())
    assert len(blobs.paths()) == 2


def test_a_completed_upload_leaves_its_file_alone(store: Store, blobs: Blobs):
    _add(store, blobs, "upload_a")
    joint = store.uploads.begin("upload_a", ["part_upload_a"], None, now=NOW)
    store.uploads.finish("upload_a", file(joint.file_id, bytes=6))
    expire(store, blobs, NOW + 10**6)
    assert blobs.paths() == [f"files/{joint.file_id}"]


class Stubborn(Blobs):
    """Blobs that cannot be deleted."""

    def delete(self, path: str) -> None:
        raise StoreUnavailable(f"{path} cannot be deleted")


def test_bytes_that_could_not_be_removed_are_removed_the_next_time(store: Store, blobs: Blobs):
    _add(store, blobs, "upload_a")
    store.uploads.cancel("upload_a")
    with pytest.raises(StoreUnavailable):
        expire(store, Stubborn(blobs.store), NOW)
    assert len(blobs.paths()) == 2
    expire(store, blobs, NOW)
    assert blobs.paths() == []


def test_a_file_whose_time_has_run_out_goes_with_its_bytes(store: Store, blobs: Blobs):
    for name, expires_at in (("file-old", NOW), ("file-new", NOW + 1)):
        blobs.put(f"files/{name}", b"{}")
        store.files.insert(file(name, expires_at=expires_at))
    expire(store, blobs, NOW)
    assert [each.id for each in store.files.page().items] == ["file-new"]
    assert blobs.paths() == ["files/file-new"]
