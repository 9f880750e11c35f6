"""Uploads through the official client: whole bodies, as JSON."""

import hashlib
import tracemalloc
from pathlib import Path

import openai
import pytest

from tests.contract.shape import missing, normal
from tests.door import TRAIN, Door, opened

PENDING = {
    "object": "upload",
    "id": "upload_…",
    "bytes": len(TRAIN),
    "created_at": "…",
    "expires_at": "…",
    "filename": "train.jsonl",
    "purpose": "fine-tune",
    "status": "pending",
    "file": None,
}


def _begin(door: Door, size: int = len(TRAIN)) -> str:
    return door.client.uploads.create(
        bytes=size, filename="train.jsonl", mime_type="application/jsonl", purpose="fine-tune"
    ).id


def test_an_upload_from_its_beginning_to_a_job(door: Door):
    raw = door.client.uploads.with_raw_response
    created = raw.create(bytes=len(TRAIN), filename="train.jsonl", mime_type="text/jsonl", purpose="fine-tune")
    body = created.http_response.json()
    assert normal(body) == PENDING
    assert body["expires_at"] == body["created_at"] + 3600
    assert missing(created.parse()) == []
    parts = []
    for data in (TRAIN[300:], TRAIN[:300]):
        part = raw.parts.create(body["id"], data=data)
        assert normal(part.http_response.json()) == {
            "object": "upload.part",
            "id": "part_…",
            "created_at": "…",
            "upload_id": "upload_…",
        }
        assert part.parse().upload_id == body["id"]
        parts.append(part.parse().id)
    done = raw.complete(body["id"], part_ids=parts[::-1], md5=hashlib.md5(TRAIN).hexdigest())
    shown = done.http_response.json()
    assert normal(shown) == PENDING | {
        "status": "completed",
        "file": {
            "object": "file",
            "id": "file-…",
            "bytes": len(TRAIN),
            "created_at": "…",
            "expires_at": None,
            "filename": "train.jsonl",
            "purpose": "fine-tune",
            "status": "processed",
            "status_details": None,
        },
    }
    file_id = shown["file"]["id"]
    assert door.client.files.retrieve(file_id).to_dict() == shown["file"]
    assert door.client.files.content(file_id).read() == TRAIN
    assert door.create(training_file=file_id).startswith("ftjob-")


def test_a_cancelled_upload_is_told(door: Door):
    upload_id = _begin(door)
    part = door.client.uploads.parts.create(upload_id, data=TRAIN)
    cancelled = door.client.uploads.with_raw_response.cancel(upload_id)
    assert normal(cancelled.http_response.json()) == PENDING | {"status": "cancelled"}
    with pytest.raises(openai.BadRequestError, match="is cancelled") as refused:
        door.client.uploads.complete(upload_id, part_ids=[part.id])
    assert (refused.value.param, refused.value.code) == ("upload_id", "invalid_upload_state")
    assert list(door.client.files.list()) == []


@pytest.mark.parametrize("kind", ["bytes", "path"])
def test_the_clients_own_way_to_send_a_file_in_parts(door: Door, tmp_path: Path, kind: str):
    data = TRAIN * 3
    how = {"mime_type": "application/jsonl", "purpose": "fine-tune", "part_size": 1000}
    how["md5"] = hashlib.md5(data).hexdigest()
    if kind == "bytes":
        done = door.client.uploads.upload_file_chunked(file=data, filename="a.jsonl", bytes=len(data), **how)
    else:
        (tmp_path / "a.jsonl").write_bytes(data)
        done = door.client.uploads.upload_file_chunked(file=tmp_path / "a.jsonl", **how)
    assert done.file is not None
    assert (done.status, done.filename, done.file.bytes) == ("completed", "a.jsonl", len(data))
    assert door.client.files.content(done.file.id).read() == data


def test_an_empty_file_can_be_sent(door: Door):
    done = door.client.uploads.upload_file_chunked(
        file=b"", filename="empty.jsonl", bytes=0, mime_type="text/plain", purpose="fine-tune"
    )
    assert done.file is not None
    assert (done.file.bytes, door.client.files.content(done.file.id).read()) == (0, b"")


@pytest.mark.parametrize(
    ("parts", "md5", "param", "code"),
    [
        (["part_x"], None, "part_ids[0]", "part_not_found"),
        (["foreign"], None, "part_ids[0]", "part_not_found"),
        (["own", "own"], None, "part_ids[1]", "duplicate_part"),
        ([], None, "part_ids", "upload_size_mismatch"),
        (["own"], "0" * 32, "md5", "md5_mismatch"),
        (["own"], "md5", "md5", "invalid_value"),
    ],
)
def test_a_wrong_end_names_its_field_and_can_be_put_right(door: Door, parts, md5, param: str, code: str):
    upload_id, other = _begin(door), _begin(door)
    known = {
        "own": door.client.uploads.parts.create(upload_id, data=TRAIN).id,
        "foreign": door.client.uploads.parts.create(other, data=TRAIN).id,
    }
    sent = {"part_ids": [known.get(part, part) for part in parts]} | ({"md5": md5} if md5 else {})
    with pytest.raises(openai.BadRequestError) as refused:
        door.client.uploads.complete(upload_id, **sent)
    assert (refused.value.param, refused.value.code) == (param, code)
    done = door.client.uploads.complete(upload_id, part_ids=[known["own"]])
    assert done.file is not None
    assert door.client.files.content(done.file.id).read() == TRAIN


def test_a_completed_upload_answers_the_same_request_again(door: Door):
    upload_id = _begin(door)
    part = door.client.uploads.parts.create(upload_id, data=TRAIN).id
    first, again = (door.client.uploads.complete(upload_id, part_ids=[part]).to_dict() for _ in range(2))
    assert first == again
    assert len(list(door.client.files.list())) == 1


@pytest.mark.slow
def test_parts_are_joined_without_holding_the_file_in_memory(tmp_path: Path):
    size, count = 16 * 2**20, 8
    with opened(tmp_path) as door:
        upload_id = _begin(door, size * count)
        ids = [door.client.uploads.parts.create(upload_id, data=bytes([n]) * size).id for n in range(count)]
        tracemalloc.start()
        done = door.client.uploads.complete(upload_id, part_ids=ids)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert done.file is not None
        digest = hashlib.sha256()
        for n in range(count):
            digest.update(bytes([n]) * size)
        stored = hashlib.sha256((tmp_path / "blobs" / "files" / done.file.id).read_bytes())
        assert stored.digest() == digest.digest()
        assert peak < 3 * size
