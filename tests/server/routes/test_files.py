from pathlib import Path

import pytest

from tests.door import Door, error_of, opened
from tests.rows import file


def test_a_file_comes_back_byte_for_byte(door: Door):
    data = bytes(range(256)) * 30_000
    stored = door.client.files.create(file=("weird ünïcode.jsonl", data), purpose="fine-tune")
    assert (stored.bytes, stored.filename, stored.status) == (len(data), "weird ünïcode.jsonl", "processed")
    assert door.client.files.content(stored.id).read() == data


def test_waiting_for_a_file_ends_at_once(door: Door):
    assert door.client.files.wait_for_processing(door.upload()).status == "processed"


def test_a_file_may_expire(door: Door):
    stored = door.client.files.create(
        file=b"x", purpose="fine-tune", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert stored.expires_at == stored.created_at + 3600
    answer = door.http.post(
        "/v1/files", files={"file": b"x"}, data={"purpose": "fine-tune", "expires_after[seconds]": "60"}
    )
    assert error_of(answer) == (400, "expires_after[seconds]", "integer_below_min_value")


def test_a_file_over_the_limit_is_refused(tmp_path: Path):
    with opened(tmp_path, max_file_bytes=10) as door:
        assert error_of(door.http.post("/v1/files", files={"file": b"x" * 11}, data={"purpose": "fine-tune"})) == (
            413,
            "file",
            "file_too_large",
        )
        assert door.upload(b"x" * 10)


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ({"files": {"file": b"x"}}, "purpose", "missing_required_parameter"),
        ({"data": {"purpose": "fine-tune"}}, "file", "missing_required_parameter"),
        ({"files": {"file": b"x"}, "data": {"purpose": "fun"}}, "purpose", "invalid_value"),
        ({"data": {"purpose": "fine-tune", "file": "text"}}, "file", None),
        ({"json": {}}, "file", "missing_required_parameter"),
    ],
    ids=["no purpose", "no file", "unknown purpose", "text for a file", "no form"],
)
def test_a_form_that_lacks_something_is_refused(door: Door, form: dict, param: str, code: str | None):
    status, found, found_code = error_of(door.http.post("/v1/files", **form))
    assert (status, found) == (400, param)
    assert code in (None, found_code)
    assert door.client.files.list().data == []


def test_a_deleted_file_is_gone_with_its_bytes(door: Door):
    file_id = door.upload()
    door.client.files.delete(file_id)
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        assert error_of(door.http.request(method, f"/v1/files/{file_id}{path}")) == (404, "id", "file_not_found")
    assert not door.state.blobs.has(f"files/{file_id}")


def test_a_file_whose_bytes_have_vanished_is_not_found(door: Door):
    file_id = door.upload()
    door.state.blobs.delete(f"files/{file_id}")
    assert error_of(door.http.get(f"/v1/files/{file_id}/content")) == (404, "id", "file_not_found")


def test_a_name_cannot_break_out_of_its_header(door: Door):
    record = file("file-evil", filename='a"; filename=evil\r\nx-evil: 1')
    door.state.blobs.put("files/file-evil", b"hi")
    door.state.store.files.insert(record)
    answer = door.http.get("/v1/files/file-evil/content")
    expected = "attachment; filename*=UTF-8''a%22%3B%20filename%3Devil%0D%0Ax-evil%3A%201"
    assert answer.headers["content-disposition"] == expected
    assert "x-evil" not in answer.headers
