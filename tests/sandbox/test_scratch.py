import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from burnish.sandbox.scratch import prefix, sweep


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_left_goes_and_nothing_else(here: Path):
    program = "import os, tempfile; from burnish.sandbox.scratch import prefix; "
    program += (
        f"print(tempfile.mkdtemp(prefix=prefix('grader'), dir={str(here)!r}), flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip())
    (left / "deep" / "deeper").mkdir(parents=True)
    (left / "deep" / "file").write_text("x")
    ours = Path(tempfile.mkdtemp(prefix=prefix("grader")))
    others = here / "burnish-of-somebody-else"
    others.mkdir()
    (here / left.name.replace("grader", "bait")).symlink_to(others)
    sweep()
    assert not left.exists()
    assert ours.exists()
    assert others.exists()
    assert len(list(here.iterdir())) == 3
