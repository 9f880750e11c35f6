import json
from pathlib import Path

from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.core.records import NewEvent
from burnish.spec.job import JobRequest
from burnish.store.blobs import open_blobs
from burnish.store.files import file_blob
from burnish.store.store import open_store
from tests.contract.served import TUNED, write_served
from tests.rows import GRADER, job, job_body


def test_rewards_are_compared_by_the_jobs_grader(tmp_path: Path, monkeypatch):
    settings = write_served(tmp_path / "served")
    monkeypatch.setenv("BURNISH_MODELS__LOCAL__TINY", settings.models.local["tiny"])
    contains = {**GRADER, "input": "{{sample.output_text}} e", "reference": "{{item.wanted}}", "operation": "ilike"}
    body = job_body(method={"type": "reinforcement", "reinforcement": {"grader": contains}})
    store = open_store(settings)
    store.jobs.insert(job("ftjob-1", request=JobRequest.model_validate(body).record()), NewEvent("created"))
    store.close()
    rows = [{"messages": [{"role": "user", "content": f"{n}?"}], "wanted": wanted} for n, wanted in enumerate("e#")]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    open_blobs(settings).put(file_blob("file-valid"), text.encode())
    out = tmp_path / "out"
    command = ["export", TUNED, str(out), "--merged", "--data-dir", str(settings.data_dir)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    told = "mean reward of 2 answers: 0.5000 served, 0.5000 exported, largest difference 0.00e+00"
    assert told in result.output
    assert "Rewards of 2 likeliest answers differ by 0.00e+00 at most" in (out / "README.md").read_text()


def test_a_model_is_exported_and_compared(tmp_path: Path, monkeypatch):
    settings = write_served(tmp_path / "served")
    monkeypatch.setenv("BURNISH_MODELS__LOCAL__TINY", settings.models.local["tiny"])
    out = tmp_path / "out"
    command = ["export", TUNED, str(out), "--merged", "--rows", "1", "--data-dir", str(settings.data_dir)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert "largest difference" in result.output
    assert (out / "model.safetensors").is_file()
