"""Files through the official client: whole bodies, as JSON."""

from tests.contract.shape import normal
from tests.door import TRAIN, Door


def test_a_file_from_upload_to_deletion(door: Door):
    raw = door.client.files.with_raw_response
    created = raw.create(file=("train.jsonl", TRAIN), purpose="fine-tune")
    body = created.http_response.json()
    assert normal(body) == {
        "object": "file",
        "id": "file-…",
        "bytes": len(TRAIN),
        "created_at": "…",
        "expires_at": None,
        "filename": "train.jsonl",
        "purpose": "fine-tune",
        "status": "processed",
        "status_details": None,
    }
    assert created.parse()._request_id == created.headers["x-request-id"]
    assert raw.retrieve(body["id"]).http_response.json() == body
    assert raw.list().http_response.json() == {
        "object": "list",
        "data": [body],
        "has_more": False,
        "first_id": body["id"],
        "last_id": body["id"],
    }
    assert door.client.files.content(body["id"]).read() == TRAIN
    deleted = raw.delete(body["id"]).http_response.json()
    assert deleted == {"id": body["id"], "object": "file", "deleted": True}
    assert raw.list().http_response.json()["data"] == []


def test_files_are_paged_by_the_client_itself(door: Door):
    ids = [door.upload() for _ in range(5)]
    assert [file.id for file in door.client.files.list(limit=2, order="asc")] == ids
    assert [file.id for file in door.client.files.list(limit=2)] == ids[::-1]
    assert door.client.files.list(purpose="evals").data == []
