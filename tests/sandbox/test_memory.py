import os
import subprocess
import sys

from burnish.sandbox.memory import descendants, resident_bytes

HOLDING = "import sys; part = bytearray(64 << 20); print(1, flush=True); sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDING!r}])"


def test_the_memory_of_children_and_theirs_is_seen():
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdin is not None
    try:
        assert process.stdout.readline() == b"1\n"
        assert len(descendants(process.pid)) == 1
        assert len(descendants(os.getpid())) >= 2
        assert 64 << 20 < resident_bytes(process.pid) < 128 << 20
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def test_a_process_that_is_gone_holds_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert (descendants(process.pid), resident_bytes(process.pid)) == ([], 0)
