import os
import subprocess
import sys
import time
from pathlib import Path

from burnish.core.evaluation import RunStatus
from burnish.settings import Settings
from burnish.store.store import open_store
from tests.rows import eval_run, evaluation

PROCESS = [sys.executable, "-m", "burnish.evals.process"]
TORCHLESS = "import sys, burnish.evals.process; print([name for name in sys.modules if name in ('torch', 'numpy')])"


def test_a_process_carries_runs_out_until_its_parent_is_gone(tmp_path: Path):
    store = open_store(Settings(data_dir=tmp_path))
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(eval_run("evalrun_1", "eval_1"))
    environment = os.environ | {"BURNISH_DATA_DIR": str(tmp_path), "BURNISH_POLL_S": "0.05"}
    process = subprocess.Popen(PROCESS, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not store.eval_runs.require("evalrun_1").status.is_final and time.monotonic() < deadline:
        time.sleep(0.05)
    _, said = process.communicate(timeout=60)  # closes its standard input
    assert (process.returncode, "Traceback" in said) == (0, False), said
    assert store.eval_runs.require("evalrun_1").status is RunStatus.COMPLETED
    store.close()


def test_it_starts_without_what_models_need():
    found = subprocess.run([sys.executable, "-c", TORCHLESS], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
