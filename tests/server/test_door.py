import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from burnish.server.auth import Auth
from burnish.server.door import MULTIPART_BYTES
from burnish.server.door import Door as Middleware
from burnish.spec.upload import PART_BYTES
from burnish.store.store import store_at
from tests.door import Door, error_of, opened


def test_every_answer_has_an_id_of_its_own(door: Door):
    ids = [door.http.get(path).headers["x-request-id"] for path in ("/v1/models", "/v1/files/file-x", "/nowhere")]
    assert all(each.startswith("req_") for each in ids)
    assert len(set(ids)) == 3


def test_a_body_that_says_it_is_too_large_is_refused(tmp_path: Path):
    with opened(tmp_path, max_file_bytes=1000) as door:
        answer = door.http.post("/v1/files", files={"file": b"x" * (1001 + MULTIPART_BYTES)})
        assert error_of(answer) == (413, None, "request_too_large")


def test_a_part_of_an_upload_has_a_limit_of_its_own(tmp_path: Path):
    with opened(tmp_path, max_file_bytes=1000) as door:
        headers = {"content-type": "application/json", "content-length": str(PART_BYTES + MULTIPART_BYTES + 1)}
        answer = door.http.post("/v1/uploads/upload_x/parts", content=iter([b"{}"]), headers=headers)
        assert error_of(answer) == (413, None, "request_too_large")
        answer = door.http.post("/v1/uploads/upload_x/parts", files={"data": b"x" * (1001 + MULTIPART_BYTES)})
        assert error_of(answer) == (404, "upload_id", "upload_not_found")


def test_a_body_that_turns_out_too_large_is_refused_and_leaves_nothing(tmp_path: Path):
    def endless() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 100_000

    with opened(tmp_path, max_file_bytes=1000) as door:
        headers = {"content-type": "multipart/form-data; boundary=x"}
        answer = door.http.post("/v1/files", content=endless(), headers=headers)
        assert error_of(answer) == (413, None, "request_too_large")
        assert door.client.files.list().data == []


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[TestClient]:
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    app = FastAPI()

    @app.post("/{path:path}")
    def fail(path: str) -> None:
        raise ZeroDivisionError("a secret of the house")

    app.add_middleware(Middleware, auth=Auth(store.keys, is_loopback=True), max_file_bytes=1000)
    yield TestClient(app)
    store.close()


def test_what_nobody_foresaw_is_a_500_that_tells_no_secrets(broken: TestClient):
    answer = broken.post("/v1/chat/completions")
    assert error_of(answer) == (500, None, None)
    assert answer.json()["error"]["type"] == "server_error"
    assert answer.headers["x-request-id"] in answer.json()["error"]["message"]
    assert "secret" not in json.dumps(answer.json())


def test_a_failed_post_is_sent_again_only_where_it_cannot_have_created_anything(broken: TestClient):
    assert broken.post("/v1/fine_tuning/jobs").headers["x-should-retry"] == "false"
    assert broken.post("/v1/files").headers["x-should-retry"] == "false"
    assert "x-should-retry" not in broken.post("/v1/chat/completions").headers
