import os
import subprocess
import sys
import time
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from burnish.core.evaluation import EvalItem, EvalRun, RunStatus
from burnish.settings import Settings
from burnish.store.store import open_store
from tests.fakes import answer
from tests.rows import eval_run, evaluation
from tests.serving import listening

PROCESS = [sys.executable, "-m", "burnish.evals.process"]
TORCHLESS = "import sys, burnish.evals.process; print([name for name in sys.modules if name in ('torch', 'numpy')])"


def carried_out(data_dir: Path, run: EvalRun, **settings: str) -> list[EvalItem]:
    """The items of the run, once a process has carried it out."""
    store = open_store(Settings(data_dir=data_dir))
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(run)
    environment = os.environ | {"BURNISH_DATA_DIR": str(data_dir), "BURNISH_POLL_S": "0.05", **settings}
    process = subprocess.Popen(PROCESS, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not store.eval_runs.require("evalrun_1").status.is_final and time.monotonic() < deadline:
        time.sleep(0.05)
    _, said = process.communicate(timeout=60)  # closes its standard input
    assert (process.returncode, "Traceback" in said) == (0, False), said
    assert store.eval_runs.require("evalrun_1").status is RunStatus.COMPLETED
    items = list(store.eval_items.walk("evalrun_1"))
    store.close()
    return items


def test_a_process_carries_runs_out_until_its_parent_is_gone(tmp_path: Path):
    [item] = carried_out(tmp_path, eval_run("evalrun_1", "eval_1"))
    assert item.status == "pass"


def test_an_answer_comes_from_the_process_of_the_base_that_the_first_one_sends_to(tmp_path: Path):
    base, first = FastAPI(), FastAPI()
    path = "/v1/chat/completions"
    source = {
        "type": "completions",
        "model": "burnish-starter",
        "source": {"type": "file_content", "content": [{"item": {"answer": "4"}}]},
        "input_messages": {"type": "template", "template": [{"role": "user", "content": "2 + 2"}]},
    }
    run = eval_run("evalrun_1", "eval_1", model="burnish-starter", data_source=source)
    base.post(path)(lambda: answer("4").model_dump(mode="json"))
    with listening(base) as there:
        first.post(path)(lambda: RedirectResponse(there + path, status_code=307))
        with listening(first) as address:
            [item] = carried_out(tmp_path, run, BURNISH_INFER_URL=address)
    assert (item.status, item.sample["error"]) == ("pass", None)


def test_it_starts_without_what_models_need():
    found = subprocess.run([sys.executable, "-c", TORCHLESS], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
