import hashlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish.core.errors import BurnishError, NotFound, StoreUnavailable
from burnish.settings import Settings
from burnish.store.blobs import TORN_S, Blobs, blobs_in, open_blobs

LARGE = bytes(range(256)) * 40_000  # 10 MB: several chunks


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return blobs_in(tmp_path / "blobs")


@pytest.mark.parametrize("data", [b"", b"x", LARGE], ids=["empty", "small", "large"])
def test_bytes_files_and_streams_are_read_back_with_their_digest(blobs: Blobs, tmp_path: Path, data: bytes):
    on_disk = tmp_path / "source"
    on_disk.write_bytes(data)
    expected = (len(data), hashlib.sha256(data).hexdigest())
    for source in (data, on_disk, io.BytesIO(data)):
        assert blobs.put("a/b", source) == expected
        assert blobs.get("a/b") == data


def test_pieces_are_joined_whatever_their_sizes(blobs: Blobs):
    for pieces in ([], [b""], [b"ab", b"", b"c"], [LARGE, b"x", LARGE]):
        data = b"".join(pieces)
        assert blobs.put_pieces("a", iter(pieces)) == (len(data), hashlib.sha256(data).hexdigest())
        assert blobs.get("a") == data


def test_pieces_that_raise_leave_what_was_there(blobs: Blobs, tmp_path: Path):
    def pieces() -> Iterator[bytes]:
        yield LARGE
        yield LARGE
        raise NotFound("the next one is gone")

    blobs.put("a", b"before")
    with pytest.raises(NotFound):
        blobs.put_pieces("a", pieces())
    assert blobs.get("a") == b"before"
    assert [path.name for path in (tmp_path / "blobs").rglob("*")] == ["a"]


def test_what_is_not_there_is_not_found_and_may_be_deleted(blobs: Blobs):
    assert blobs.has("a") is False
    blobs.delete("a")
    with pytest.raises(NotFound):
        blobs.stream("a")


def test_paths_lists_one_directory_only(blobs: Blobs):
    for path in ("m/1/b", "m/1/a", "m/10/a"):
        blobs.put(path, b"x")
    assert blobs.paths("m/1") == ["m/1/a", "m/1/b"]
    blobs.delete_directory("m/1")
    assert blobs.paths("m") == ["m/10/a"]


def test_a_directory_comes_back_as_it_was_put(blobs: Blobs, tmp_path: Path):
    source = tmp_path / "adapter"
    (source / "deep").mkdir(parents=True)
    (source / "config.json").write_text("{}")
    (source / "deep" / "weights").write_bytes(b"w")
    digests = blobs.put_directory("models/1", source)
    assert digests == {
        "config.json": hashlib.sha256(b"{}").hexdigest(),
        "deep/weights": hashlib.sha256(b"w").hexdigest(),
    }
    target = tmp_path / "fetched"
    fetched = blobs.fetch_directory("models/1", target, digests)
    assert sorted(fetched) == [target / "config.json", target / "deep" / "weights"]
    assert (target / "deep" / "weights").read_bytes() == b"w"


def test_a_directory_that_has_changed_is_refused(blobs: Blobs, tmp_path: Path):
    source = tmp_path / "adapter"
    source.mkdir()
    (source / "weights").write_bytes(b"w")
    digests = blobs.put_directory("models/1", source)
    blobs.put("models/1/weights", b"v")
    with pytest.raises(BurnishError, match="have changed"):
        blobs.fetch_directory("models/1", tmp_path / "one", digests)
    blobs.put("models/1/more", b"v")
    with pytest.raises(BurnishError, match="more"):
        blobs.fetch_directory("models/1", tmp_path / "two", digests)
    with pytest.raises(NotFound):
        blobs.fetch_directory("models/2", tmp_path / "three")


def test_a_blobs_url_wins_over_the_data_directory(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "unused", blobs_url="memory:///")
    blobs = open_blobs(settings)
    blobs.put("a", b"x")
    assert blobs.get("a") == b"x"
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("data", [b"x", LARGE], ids=["small", "large"])
def test_bytes_that_cannot_be_written_are_told_with_their_path(blobs: Blobs, data: bytes):
    blobs.put("a", b"a file, no directory")
    with pytest.raises(StoreUnavailable, match=r"'a/b' cannot be read or written at present: .* Not a directory"):
        blobs.put("a/b", data)
    assert blobs.paths() == ["a"]


def test_what_a_killed_writer_left_goes_when_an_hour_has_passed(blobs: Blobs, tmp_path: Path):
    blobs.put("a/b", b"x")
    blobs.put("a/c#d", b"x")
    program = (
        "import os, sys; from pathlib import Path; from burnish.store.blobs import blobs_in\n"
        "blobs_in(Path(sys.argv[1])).put_pieces('a/b', iter(lambda: b'y' * 5_000_000 if not os.path.exists("
        "sys.argv[1] + '/a/b#1') else os.kill(os.getpid(), 9), None))"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "blobs"], check=False)
    torn = tmp_path / "blobs" / "a" / "b#1"
    written_at = torn.stat().st_mtime
    blobs.sweep(written_at + TORN_S - 1)
    assert torn.exists()
    blobs.sweep(written_at + TORN_S + 1)
    assert not torn.exists()
    assert blobs.paths() == ["a/b", "a/c#d"]
    assert blobs.get("a/b") == b"x"


def test_bytes_are_fetched_into_a_file_with_their_digest(blobs: Blobs, tmp_path: Path):
    written = blobs.put("a/b", LARGE)
    assert blobs.fetch("a/b", tmp_path / "deep" / "file") == written
    assert (tmp_path / "deep" / "file").read_bytes() == LARGE
    with pytest.raises(NotFound):
        blobs.fetch("a/c", tmp_path / "none")
    assert not (tmp_path / "none").exists()
