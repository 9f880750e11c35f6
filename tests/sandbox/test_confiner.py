import json
import subprocess
import sys
from pathlib import Path

import pytest

from burnish.sandbox.choice import Refusal, find

if isinstance(find("sandlock"), Refusal):
    pytest.skip("sandlock is not installed (pip install sandlock)", allow_module_level=True)

from burnish.sandbox.confiner import SCRATCH, is_over


def started(code, disk_bytes=1 << 20):
    order = {
        "command": ["/bin/sh", "-c", code],
        "readable": [path for path in ("/bin", "/lib", "/lib64", "/usr", "/dev/zero") if Path(path).exists()],
        "processes": 8,
        "disk_bytes": disk_bytes,
        "variables": {"PATH": "/usr/bin:/bin", "TMPDIR": SCRATCH},
    }
    command = [sys.executable, "-P", "-m", "burnish.sandbox.confiner", json.dumps(order)]
    return subprocess.Popen(command, env={"HOME": "/"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_it_runs_a_command_in_its_scratch_directory_and_removes_that():
    process = started('echo "$TMPDIR"; pwd')
    assert process.stdout is not None and process.stdin is not None
    one, other = process.stdout.read().decode().split()
    process.stdin.close()
    process.stdout.close()
    process.wait(timeout=60)
    assert one == other
    assert "burnish-grader-" in one
    assert subprocess.run(["ls", one], capture_output=True).returncode != 0


def test_it_ends_when_its_standard_input_does():
    process = started("echo up; sleep 600")
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == b"up\n"
    process.stdin.close()
    assert process.stdout.read() == b""
    process.stdout.close()
    process.wait(timeout=60)


def test_it_ends_what_fills_the_disk():
    process = started(
        "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > f$i; done; sleep 600", disk_bytes=3 << 20
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.read() == b""
    process.stdin.close()
    process.stdout.close()
    process.wait(timeout=60)


def test_a_directory_is_over_by_size_and_by_number(tmp_path):
    (tmp_path / "a").write_bytes(bytes(8192))
    assert not is_over(str(tmp_path), 8192)
    assert is_over(str(tmp_path), 8191)
