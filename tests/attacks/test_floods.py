"""Whatever grows without end is stopped, and the next grade does not notice.

Each flood has an end all the same, for the sake of the machine where a sandbox leaks.
"""

import asyncio

import pytest

from burnish.core.outcome import Outcome
from burnish.sandbox.python_sandbox import PythonSandbox
from tests.attacks.conftest import Attack


def test_a_fork_bomb(attack: Attack):
    body = """
import os, time
count = 0
try:
    while count < 500:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
except OSError:
    pass
return count
"""
    outcome = attack(body)
    assert outcome.score is not None
    assert outcome.score < 100


def test_a_fork_bomb_whose_children_fork(hasty_attack: Attack):
    body = """
import os, time
for _ in range(9):
    try:
        os.fork()
    except OSError:
        pass
time.sleep(30)
"""
    outcome = hasty_attack(body)
    assert outcome.score is None


def test_many_threads(attack: Attack):
    body = """
import threading, time
threading.stack_size(64 * 1024)
stop = threading.Event()
count = 0
try:
    while count < 3000:
        threading.Thread(target=stop.wait, daemon=True).start()
        count += 1
except RuntimeError:
    pass
stop.set()
return 1
"""
    assert attack(body).score == 1.0


def test_a_memory_bomb(attack: Attack):
    outcome = attack("parts = [bytearray(16 << 20) for _ in range(64)]\nreturn 1")
    assert outcome.error is not None
    assert "MemoryError" in outcome.error


def test_a_memory_bomb_spread_over_processes(attack: Attack):
    body = """
import os, time
for _ in range(10):
    if os.fork() == 0:
        part = bytearray(os.urandom(1) * (100 << 20))
        time.sleep(60)
time.sleep(60)
"""
    outcome = attack(body)
    assert outcome.error is not None
    assert "256 MiB of memory together" in outcome.error


def test_memory_in_files_without_names(attack: Attack):
    body = "import os\nf = os.memfd_create('x')\nos.truncate(f, 1 << 30)\nreturn 1"
    assert attack(body).score is None


@pytest.mark.parametrize("files", [1, 100])
def test_filling_the_disk(attack: Attack, files: int):
    body = """
import time
for number in range(item["files"]):
    with open(f"file-{number}", "wb") as file:
        for _ in range(64 // item["files"] + 1):
            file.write(bytes(1 << 20))
time.sleep(2)
return 1
"""
    assert attack(body, files=files).score is None


def test_the_scratch_directory_can_be_used(attack: Attack):
    body = """
import tempfile
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("4")
    file.seek(0)
    return float(file.read())
"""
    assert attack(body).score == 4.0


def test_a_folder_deeper_than_any_path(attack: Attack):
    body = "import os\nfor _ in range(3000):\n    os.mkdir('d' * 50)\n    os.chdir('d' * 50)\nreturn 1"
    assert attack(body).score == 1.0


def test_a_folder_that_its_owner_may_not_enter(attack: Attack):
    body = "import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.chmod('a/b', 0)\nos.chmod('a', 0)\nreturn 1"
    assert attack(body).score == 1.0


def test_a_flood_on_standard_output_and_error(attack: Attack):
    body = """
import os, sys
for _ in range(300):
    os.write(1, b"x" * (1 << 20))
    os.write(2, b"x" * (1 << 20))
print("x" * (1 << 20))
print("x" * (1 << 20), file=sys.stderr)
return 1
"""
    assert attack(body).score == 1.0


def test_a_grader_that_prints(attack: Attack):
    assert attack("print('score: 5', flush=True)\nreturn 0.25").score == 0.25


def test_a_flood_in_place_of_the_answer(attack: Attack):
    body = """
import os
for number in range(3, 20):
    try:
        while True:
            os.write(number, b"\\xff" * 65536)
    except OSError:
        pass
return 1
"""
    assert attack(body).score is None


def test_an_endless_loop(hasty_attack: Attack):
    assert hasty_attack("while True: pass") == Outcome(None, "No score within 2 seconds.", timed_out=True)


def test_a_loop_that_heeds_no_signal(hasty_attack: Attack):
    body = """
import signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        while True: pass
    except BaseException:
        pass
"""
    assert hasty_attack(body).timed_out


def test_a_module_that_never_loads(hasty: PythonSandbox):
    outcome = asyncio.run(hasty.grade("while True: pass", {}, {}))
    assert outcome.timed_out


def test_a_daemon_does_not_outlive_its_grade(attack: Attack):
    """It would count the grades that follow in a file, and hold its port."""
    body = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(1000):
            time.sleep(0.01)
            try:
                open("/tmp/alive", "a").write("x")
                open("alive", "a").write("x")
            except OSError:
                pass
    os._exit(0)
time.sleep(0.2)
return 1
"""
    assert attack(body).score == 1.0
    assert attack("import os\nreturn len(os.listdir('.'))").score == 0.0


def test_a_stopped_parent_is_a_timeout_at_worst(hasty_attack: Attack):
    hasty_attack("import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nreturn 1")
