import pytest

from burnish.core.errors import BurnishError, StoreUnavailable
from burnish.policy.folder import check_folder, write_folder


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    def fail(aside):
        (aside / "half").write_text("half")
        raise OSError("disk full")

    with pytest.raises(StoreUnavailable, match=r"model cannot be written: disk full\."):
        write_folder(tmp_path / "model", fail)
    assert list(tmp_path.iterdir()) == []


def test_files_are_named_with_their_digests(tmp_path):
    files = write_folder(tmp_path / "model", lambda aside: (aside / "a").write_text("abc"))
    assert files == {"a": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}


def test_an_older_folder_is_replaced(tmp_path):
    write_folder(tmp_path / "model", lambda aside: (aside / "old").write_text("old"))
    write_folder(tmp_path / "model", lambda aside: (aside / "new").write_text("new"))
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "new"]


def test_a_changed_or_missing_file_is_noticed(tmp_path):
    files = write_folder(tmp_path / "model", lambda aside: (aside / "a").write_text("abc"))
    check_folder(tmp_path / "model", files)
    (tmp_path / "model" / "a").write_text("abd")
    with pytest.raises(BurnishError, match="not what was written"):
        check_folder(tmp_path / "model", files)
    (tmp_path / "model" / "a").unlink()
    with pytest.raises(BurnishError, match="missing"):
        check_folder(tmp_path / "model", files)
