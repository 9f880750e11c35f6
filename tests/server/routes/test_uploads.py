import time
from pathlib import Path
from typing import Any

import pytest

from burnish.spec.upload import PART_BYTES
from tests.door import Door, error_of, opened
from tests.rows import upload

BODY = {"bytes": 6, "filename": "train.jsonl", "mime_type": "application/jsonl", "purpose": "fine-tune"}


def _begin(door: Door, **changes: Any) -> str:
    return door.http.post("/v1/uploads", json=BODY | changes).json()["id"]


def _add(door: Door, upload_id: str, data: bytes) -> Any:
    return door.http.post(f"/v1/uploads/{upload_id}/parts", files={"data": data})


def _blobs(door: Door) -> list[str]:
    return [path for path in door.state.blobs.paths() if path.startswith(("uploads/", "files/"))]


def test_a_file_over_the_limit_is_refused_before_its_first_part(tmp_path: Path):
    with opened(tmp_path, max_file_bytes=10) as door:
        answer = door.http.post("/v1/uploads", json=BODY | {"bytes": 11})
        assert error_of(answer) == (413, "bytes", "file_too_large")
        assert _begin(door, bytes=10).startswith("upload_")


def test_a_part_over_the_limit_is_refused_and_leaves_nothing(door: Door):
    upload_id = _begin(door, bytes=PART_BYTES + 1)
    assert error_of(_add(door, upload_id, b"x" * (PART_BYTES + 1))) == (413, "data", "part_too_large")
    assert _blobs(door) == []


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "invalid_value"), (b"x" * 7, "upload_too_large")], ids=["none", "too many"]
)
def test_a_part_of_the_wrong_size_is_refused_and_leaves_nothing(door: Door, data: bytes, code: str):
    assert error_of(_add(door, _begin(door), data)) == (400, "data", code)
    assert _blobs(door) == []


def test_a_part_must_be_there_as_a_file(door: Door):
    upload_id = _begin(door)
    answer = door.http.post(f"/v1/uploads/{upload_id}/parts", files={"file": b"x"})
    assert error_of(answer) == (400, "data", "missing_required_parameter")


@pytest.mark.parametrize("route", ["parts", "complete", "cancel"])
def test_an_upload_that_is_not_there_is_not_found(door: Door, route: str):
    sent: dict[str, Any] = {"files": {"data": b"x"}} if route == "parts" else {"json": {"part_ids": []}}
    assert error_of(door.http.post(f"/v1/uploads/upload_x/{route}", **sent)) == (404, "upload_id", "upload_not_found")


def test_after_its_hour_an_upload_takes_nothing_and_its_bytes_are_gone(door: Door):
    upload_id = "upload_old"
    door.state.store.uploads.insert(upload(upload_id, created_at=int(time.time()) - 3600, expires_at=int(time.time())))
    door.state.blobs.put(f"uploads/{upload_id}/part_a", b"abcdef")
    answer = _add(door, upload_id, b"x")
    assert error_of(answer) == (400, "upload_id", "invalid_upload_state")
    assert "is expired" in answer.json()["error"]["message"]
    assert _blobs(door) == []


def test_what_an_upload_declares_is_kept_for_its_file(door: Door):
    upload_id = _begin(door, expires_after={"anchor": "created_at", "seconds": 7200}, filename="ä😀.jsonl")
    part = _add(door, upload_id, b"abcdef").json()["id"]
    file = door.http.post(f"/v1/uploads/{upload_id}/complete", json={"part_ids": [part]}).json()["file"]
    assert file["expires_at"] == file["created_at"] + 7200
    assert (file["filename"], file["bytes"]) == ("ä😀.jsonl", 6)


def test_what_fails_while_completing_may_not_be_sent_again_blindly(door: Door):
    upload_id = _begin(door)
    part = _add(door, upload_id, b"abcdef").json()["id"]
    door.state.blobs.delete(f"uploads/{upload_id}/{part}")
    answer = door.http.post(f"/v1/uploads/{upload_id}/complete", json={"part_ids": [part]})
    assert answer.status_code == 500
    assert answer.headers["x-should-retry"] == "false"
