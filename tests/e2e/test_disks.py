"""Disks that are full or may not be written: real ones, in a mount namespace of the test's own."""

import subprocess
import sys
from pathlib import Path

import pytest

MOUNTED = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
PROGRAM = """
import sys
from pathlib import Path
from burnish.core.errors import StoreUnavailable
from burnish.core.records import NewEvent
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from tests.rows import job

settings = Settings(data_dir=Path(sys.argv[1]))


def attempt(what):
    try:
        what()
        print("done")
    except StoreUnavailable as error:
        print(error.message)

"""


def _run(directory: Path, mount: str, program: str) -> list[str]:
    """The lines that a program prints after a shell command on `$1`, the directory."""
    can = subprocess.run([*MOUNTED, 'mount -t tmpfs none "$1"', "sh", directory], capture_output=True, check=False)
    if can.returncode:
        pytest.skip(f"this machine lets the test mount nothing: {can.stderr.decode().strip()}")
    script = f'{mount} && shift && exec "$@"'
    command = [*MOUNTED, script, "sh", directory, sys.executable, "-c", PROGRAM + program, directory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path):
    program = """
store, blobs = open_store(settings), open_blobs(settings)
store.jobs.insert(job("ftjob-a"), NewEvent("created"))
attempt(lambda: blobs.put("files/large", b"x" * 5_000_000))
attempt(lambda: blobs.put_pieces("files/large", [b"x" * 1_000_000] * 5))
filler = settings.data_dir / "filler"
with filler.open("wb", buffering=0) as out:
    try:
        while True:
            out.write(b"x" * 4096)
    except OSError:
        pass
attempt(lambda: store.jobs.insert(job("ftjob-b"), NewEvent("x" * 500_000)))
print(store.jobs.require("ftjob-a").id, store.jobs.get("ftjob-b"), blobs.paths())
filler.unlink()
attempt(lambda: store.jobs.insert(job("ftjob-b"), NewEvent("x" * 500_000)))
attempt(lambda: blobs.put("files/large", b"x" * 1_000_000))
"""
    large, joined, row, there, *later = _run(tmp_path, 'mount -t tmpfs -o size=4m none "$1"', program)
    assert large.startswith("The bytes under 'files/large' cannot be read or written at present: ")
    assert joined.startswith("The bytes under 'files/large' cannot be read or written at present: ")
    assert "No space left on device" in large
    assert "No space left on device" in joined
    assert row.endswith(
        "is not available (database or disk is full). Its disk is full. Make room; nothing that was committed is lost."
    )
    assert there == "ftjob-a None []"
    assert later == ["done", "done"]


def test_a_disk_that_may_not_be_written_is_told_and_loses_nothing(tmp_path: Path):
    program = """
import subprocess
store, blobs = open_store(settings), open_blobs(settings)
store.jobs.insert(job("ftjob-a"), NewEvent("created"))
blobs.put("files/a", b"x")
store.close()
subprocess.run(["mount", "-o", "remount,ro", settings.data_dir], check=True)
attempt(lambda: open_store(settings))
attempt(lambda: blobs.put("files/b", b"x"))
attempt(lambda: blobs.delete("files/a"))
subprocess.run(["mount", "-o", "remount,rw", settings.data_dir], check=True)
print(open_store(settings).jobs.require("ftjob-a").id, blobs.get("files/a"))
"""
    row, *others, there = _run(tmp_path, 'mount -t tmpfs none "$1"', program)
    assert "is not available (unable to open database file). The file cannot be opened or made; its directory" in row
    assert [each.endswith("Read-only file system (os error 30).") for each in others] == [True, True]
    assert there == "ftjob-a b'x'"


def test_a_server_does_not_start_on_a_disk_that_may_not_be_written(tmp_path: Path):
    program = """
attempt(lambda: open_store(settings))
attempt(lambda: open_blobs(settings))
attempt(lambda: open_store(settings.model_copy(update={"data_dir": settings.data_dir / "new"})))
"""
    row, blobs, directory = _run(tmp_path, 'mount -t tmpfs -o ro none "$1"', program)
    assert "is not available (unable to open database file). The file cannot be opened or made; its directory" in row
    assert "The blobs' directory" in blobs
    assert "cannot be made: " in blobs
    assert directory.startswith(f"The directory {tmp_path}/new cannot be made: ")
