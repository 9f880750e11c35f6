import pytest

from burnish.core.errors import BurnishError, InvalidRequest, NotFound
from burnish.core.records import UploadPart
from burnish.store import uploads
from burnish.store.store import Store
from burnish.store.uploads import Ended
from tests.rows import NOW, file, upload

ID = "upload_a"


@pytest.fixture
def filled(store: Store) -> Store:
    """An upload of 6 bytes with the parts `a` to `c`, of 4, 2 and 2 bytes; and one with the part `foreign`."""
    for name in (ID, "upload_b"):
        store.uploads.insert(upload(name))
    for name, size in (("a", 4), ("b", 2), ("c", 2)):
        store.uploads.add_part(UploadPart(name, ID, NOW, size))
    store.uploads.add_part(UploadPart("foreign", "upload_b", NOW, 2))
    return store


def _refused(call, *arguments, **named) -> tuple[str | None, str | None]:
    with pytest.raises(BurnishError) as caught:
        call(*arguments, **named)
    return caught.value.param, caught.value.code


def test_an_upload_is_made_of_the_parts_that_are_named_in_their_order(filled: Store):
    joint = filled.uploads.begin(ID, ["c", "a"], None, now=NOW)
    assert [part.id for part in joint.parts] == ["c", "a"]
    assert (joint.upload.id, joint.upload.status, joint.replaced) == (ID, "pending", None)


@pytest.mark.parametrize(
    ("part_ids", "param", "code"),
    [
        (["a", "nowhere"], "part_ids[1]", "part_not_found"),
        (["foreign", "a"], "part_ids[0]", "part_not_found"),
        (["b", "b", "c"], "part_ids[1]", "duplicate_part"),
        (["a"], "part_ids", "upload_size_mismatch"),
        (["a", "b", "c"], "part_ids", "upload_size_mismatch"),
        ([], "part_ids", "upload_size_mismatch"),
    ],
    ids=["unknown", "another upload's", "twice", "too few bytes", "too many bytes", "none"],
)
def test_parts_that_do_not_make_the_file_are_refused_by_name(filled: Store, part_ids, param: str, code: str):
    assert _refused(filled.uploads.begin, ID, part_ids, None, now=NOW) == (param, code)
    assert filled.uploads.require_pending(ID) == upload(ID)


def test_what_was_added_and_not_named_is_told(filled: Store):
    with pytest.raises(InvalidRequest, match=r"have 4 bytes, but .* declares 6\. .* not named: b, c\."):
        filled.uploads.begin(ID, ["a"], None, now=NOW)


def test_an_upload_takes_twice_its_bytes_and_no_more(filled: Store):
    add = filled.uploads.add_part
    add(UploadPart("d", ID, NOW, 4))  # 12 of 6
    assert _refused(add, UploadPart("e", ID, NOW, 1)) == ("data", "upload_too_large")
    assert _refused(add, UploadPart("e", "upload_b", NOW, 7)) == ("data", "upload_too_large")


def test_an_upload_takes_so_many_parts_and_no_more(filled: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "MOST_PARTS", 3)
    assert _refused(filled.uploads.add_part, UploadPart("d", ID, NOW, 1)) == ("data", "too_many_parts")


def test_a_completed_upload_is_its_file_and_takes_nothing_more(filled: Store):
    joint = filled.uploads.begin(ID, ["a", "b"], None, now=NOW)
    done = filled.uploads.finish(ID, file(joint.file_id, bytes=6))
    assert (done.status, done.file_id) == ("completed", joint.file_id)
    assert filled.files.get(joint.file_id) == file(joint.file_id, bytes=6)
    wrong = ("upload_id", "invalid_upload_state")
    assert _refused(filled.uploads.add_part, UploadPart("d", ID, NOW, 1)) == wrong
    assert _refused(filled.uploads.begin, ID, ["a", "c"], None, now=NOW) == wrong
    assert _refused(filled.uploads.cancel, ID) == wrong


def test_the_same_request_again_finds_the_upload_completed(filled: Store):
    joint = filled.uploads.begin(ID, ["a", "b"], "md5", now=NOW)
    filled.uploads.finish(ID, file(joint.file_id, bytes=6))
    filled.uploads.clear(ID)
    again = filled.uploads.begin(ID, ["a", "b"], "md5", now=NOW)
    assert (again.upload.status, again.file_id) == ("completed", joint.file_id)
    assert filled.uploads.finish(ID, file(joint.file_id, bytes=6)).status == "completed"
    filled.files.delete(joint.file_id)
    assert _refused(filled.uploads.begin, ID, ["a", "b"], "md5", now=NOW) == ("upload_id", "invalid_upload_state")


def test_a_different_request_makes_a_different_file(filled: Store):
    asked = [(["a", "b"], None), (["b", "a"], None), (["a", "b"], "md5"), (["a", "c"], None)]
    joints = [filled.uploads.begin(ID, parts, md5, now=NOW) for parts, md5 in asked]
    ids = [joint.file_id for joint in joints]
    assert len(set(ids)) == 4
    assert [joint.replaced for joint in joints] == [None, *ids[:3]]
    assert _refused(filled.uploads.finish, ID, file(ids[0])) == ("part_ids", "invalid_upload_state")
    assert filled.files.page().items == []
    assert filled.uploads.finish(ID, file(ids[3])).status == "completed"


def test_an_upload_that_is_being_completed_has_time_to_end(filled: Store):
    late = NOW + 3599
    joint = filled.uploads.begin(ID, ["a", "b"], None, now=late)
    assert [each.id for each in filled.uploads.ended(late + 599)] == ["upload_b"]
    assert {each.id for each in filled.uploads.ended(late + 600)} == {ID, "upload_b"}
    assert _refused(filled.uploads.finish, ID, file(joint.file_id)) == ("upload_id", "invalid_upload_state")


def test_what_has_ended_is_named_until_it_is_cleared(filled: Store):
    joint = filled.uploads.begin(ID, ["a", "b"], None, now=NOW)
    assert filled.uploads.ended(NOW) == []
    filled.uploads.cancel(ID)
    assert filled.uploads.ended(NOW) == [Ended(ID, joint.file_id)]
    filled.uploads.clear(ID)
    assert filled.uploads.ended(NOW) == []
    assert filled.uploads.ended(NOW + 3600) == [Ended("upload_b", None)]
    assert _refused(filled.uploads.require_pending, "upload_b") == ("upload_id", "invalid_upload_state")


def test_the_file_of_a_completed_upload_is_not_what_it_leaves(filled: Store):
    joint = filled.uploads.begin(ID, ["a", "b"], None, now=NOW)
    filled.uploads.finish(ID, file(joint.file_id))
    assert filled.uploads.ended(NOW) == [Ended(ID, None)]


def test_another_projects_upload_is_not_there(filled: Store):
    other = filled.of("b").uploads
    for call in (other.require_pending, other.cancel):
        with pytest.raises(NotFound):
            call(ID)
    with pytest.raises(NotFound):
        other.add_part(UploadPart("d", ID, NOW, 1))
    with pytest.raises(NotFound):
        other.begin(ID, ["a", "b"], None, now=NOW)
    assert {each.id for each in other.ended(NOW + 3600)} == {ID, "upload_b"}  # whoever asks first tidies up for all
