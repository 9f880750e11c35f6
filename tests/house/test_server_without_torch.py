"""The door never loads torch, nor does the worker: both stay small, and `burnish jobs` answers at once."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "peft")
_REPORT = f"import sys; print(*[name for name in {HEAVY} if name in sys.modules])"


def test_the_server_does_not_load_torch():
    assert loaded_by("import burnish.server.app") == []


def test_the_worker_does_not_load_torch():
    """It starts again within a second; its runs load it."""
    assert loaded_by("import burnish.work.process") == []


def test_the_command_line_does_not_load_torch():
    assert loaded_by("import burnish.cli.main") == []


def test_a_client_command_does_not_load_torch():
    run = "import sys\nfrom burnish.cli.main import main\nsys.argv = ['burnish', 'jobs', '--help']"
    assert loaded_by(f"{run}\ntry:\n    main()\nexcept SystemExit:\n    pass") == []


def test_a_loaded_torch_is_seen():
    assert loaded_by("import sys; sys.modules['torch'] = sys") == ["torch"]


def loaded_by(code: str) -> list[str]:
    """Which heavy libraries a fresh process has loaded after some code."""
    command = [sys.executable, "-c", f"{code}\n{_REPORT}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()
