import json
import os
import re
import signal
import subprocess
import sys

from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.core.errors import InvalidKey, Unavailable
from tests.arrive.recorded import KEY, account, refusal, serving


def run(*words):
    return CliRunner().invoke(app, ["import", "openai", *map(str, words)])


def test_a_server_that_does_not_answer_is_told(tmp_path):
    result = run("--base-url", "http://127.0.0.1:1/v1", "--retries", 0, "--data-dir", tmp_path)
    assert isinstance(result.exception, Unavailable)
    assert "Nothing came." in result.output


def test_a_key_that_is_refused_is_told_with_what_came_before(tmp_path):
    recorded = account()
    no = refusal(401, "Incorrect API key provided.", "invalid_api_key")
    recorded.fault = lambda path, _time: no if path == "/evals" else None
    with serving(recorded):
        result = run("--base-url", recorded.url, "--api-key", KEY, "--data-dir", tmp_path)
    assert isinstance(result.exception, InvalidKey)
    assert re.search(r"^files +3 +0", result.output, re.MULTILINE)


def test_what_came_is_told_and_the_rest_with_its_reason(tmp_path):
    recorded = account()
    for file_id in ("file-train", "file-valid"):
        del recorded.contents[file_id]
    report = tmp_path / "report.json"
    with serving(recorded):
        words = ("--base-url", recorded.url, "--data-dir", tmp_path, "--report", report, "--project", "moved")
        first = CliRunner().invoke(app, ["import", "openai", *map(str, words)], env={"OPENAI_API_KEY": KEY})
        again = run(*words, "--api-key", KEY, "--only", "jobs", "--only", "evals")
    assert first.exit_code == 1
    assert "files file-train, file-valid: /files/…/content answered 404" in first.output
    assert re.search(r"^items +3 +0", first.output, re.MULTILINE)
    assert "its weights stay" in first.output.lower()
    assert again.exit_code == 0
    told = json.loads(report.read_text())
    assert (told["source"], told["were_here"]["jobs"], told["were_here"]["runs"]) == (recorded.url, 2, 1)


def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path):
    recorded = account(items=250)
    items = "/evals/eval_a/runs/evalrun_a/output_items"
    with serving(recorded):
        words = ["--base-url", recorded.url, "--api-key", KEY, "--data-dir", str(tmp_path)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        process = subprocess.Popen([sys.executable, "-m", "burnish", "import", "openai", *words], env=environment)

        def kill(path, time):
            if path == items and time == 2:
                process.kill()
                process.wait(timeout=60)

        recorded.fault = kill
        assert process.wait(timeout=60) == -signal.SIGKILL
        recorded.asked.clear()
        recorded.fault = lambda _path, _time: None
        again = run(*words)
    assert again.exit_code == 0
    assert re.search(r"^items +150 +0", again.output, re.MULTILINE)
    assert f"/v1{items}?limit=100&order=asc&after=outputitem_a99" in recorded.asked
