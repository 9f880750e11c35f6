"""What happens to an upload while it is completed; the rest stands in tests/server/routes and tests/contract."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator

import pytest

from burnish.core.errors import BurnishError, InvalidRequest, StoreUnavailable
from burnish.core.records import UploadPart
from burnish.server.assembly import complete
from burnish.server.auth import EVERYBODY
from burnish.server.desk import Desk, desk_of
from burnish.spec.upload import CompleteRequest
from burnish.store.blobs import Blobs
from tests.door import Door
from tests.rows import NOW, upload

ID, DATA = "upload_a", b"abcdef"


@pytest.fixture
def desk(door: Door) -> Desk:
    """An upload with the parts `1` and `2`."""
    desk = desk_of(door.state, EVERYBODY)
    desk.store.uploads.insert(upload(ID))
    for name, data in (("1", b"abcd"), ("2", b"ef")):
        desk.blobs.put(f"uploads/{ID}/{name}", data)
        desk.store.uploads.add_part(UploadPart(name, ID, NOW, len(data)))
    return desk


class Meanwhile(Blobs):
    """Blobs under which something happens when a part is read; what, tests put into `happening`."""

    happening: list[Callable[[], None]] = []  # noqa: RUF012 - one test at a time

    def stream(self, path: str) -> Iterator[bytes]:
        if path.startswith("uploads/") and self.happening:
            self.happening.pop()()
        return super().stream(path)


def _while_reading(desk: Desk, happening: Callable[[], None]) -> Desk:
    Meanwhile.happening.append(happening)
    return dataclasses.replace(desk, blobs=Meanwhile(desk.blobs.store))


def _request(*part_ids: str, md5: str | None = None) -> CompleteRequest:
    return CompleteRequest(part_ids=list(part_ids), md5=md5)


def test_the_order_is_that_of_the_request(desk: Desk):
    upload, file = complete(desk, ID, _request("2", "1"))
    assert (upload.status, file.bytes) == ("completed", 6)
    assert desk.blobs.get(f"files/{file.id}") == b"efabcd"


def test_the_right_md5_is_taken_however_it_is_written(desk: Desk):
    md5 = hashlib.md5(DATA).hexdigest().upper()
    assert complete(desk, ID, _request("1", "2", md5=md5))[0].status == "completed"


def test_a_wrong_md5_leaves_no_file_and_can_be_put_right(desk: Desk):
    with pytest.raises(InvalidRequest, match=hashlib.md5(b"efabcd").hexdigest()) as caught:
        complete(desk, ID, _request("2", "1", md5=hashlib.md5(DATA).hexdigest()))
    assert (caught.value.param, caught.value.code) == ("md5", "md5_mismatch")
    assert desk.blobs.paths("files") == []
    _, file = complete(desk, ID, _request("1", "2", md5=hashlib.md5(DATA).hexdigest()))
    assert desk.blobs.get(f"files/{file.id}") == DATA


def test_the_same_request_again_has_the_same_answer(desk: Desk):
    first = complete(desk, ID, _request("1", "2"))
    desk.expire()
    assert desk.blobs.paths("uploads") == []
    assert complete(desk, ID, _request("1", "2")) == first


def test_a_store_that_fails_meanwhile_loses_nothing(desk: Desk):
    def fail() -> None:
        raise StoreUnavailable("the disk is full")

    with pytest.raises(StoreUnavailable):
        complete(_while_reading(desk, fail), ID, _request("1", "2"))
    _, file = complete(desk, ID, _request("1", "2"))
    assert desk.blobs.get(f"files/{file.id}") == DATA


def test_a_cancellation_meanwhile_ends_it_without_a_file(desk: Desk):
    def cancel() -> None:
        desk.store.uploads.cancel(ID)
        desk.expire()

    with pytest.raises(InvalidRequest) as caught:
        complete(_while_reading(desk, cancel), ID, _request("1", "2"))
    assert (caught.value.param, caught.value.code) == ("upload_id", "invalid_upload_state")
    assert desk.blobs.paths("files") == desk.blobs.paths("uploads") == []


def test_the_latest_of_two_different_requests_makes_the_file(desk: Desk):
    made = []
    slow = _while_reading(desk, lambda: made.append(complete(desk, ID, _request("2", "1"))))
    with pytest.raises(InvalidRequest, match="is completed"):
        complete(slow, ID, _request("1", "2"))
    ((_, file),) = made
    assert desk.blobs.paths("files") == [f"files/{file.id}"]
    assert desk.blobs.get(f"files/{file.id}") == b"efabcd"


def test_two_equal_requests_at_once_make_one_file(desk: Desk):
    made = []
    slow = _while_reading(desk, lambda: made.append(complete(desk, ID, _request("1", "2"))))
    assert complete(slow, ID, _request("1", "2")) == made[0]
    assert [each.id for each in desk.store.files.page().items] == [made[0][1].id]
    assert desk.blobs.get(f"files/{made[0][1].id}") == DATA


def test_a_part_that_the_store_has_lost_is_named(desk: Desk):
    desk.blobs.delete(f"uploads/{ID}/2")
    with pytest.raises(BurnishError, match="bytes of part '2' are gone"):
        complete(desk, ID, _request("1", "2"))
    assert desk.blobs.paths("files") == []
    assert desk.store.uploads.require_pending(ID).status == "pending"
