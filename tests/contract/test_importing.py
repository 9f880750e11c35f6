"""A Burnish server's records taken into another's store over HTTP, and shown there as they were."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from typer.testing import CliRunner

from burnish.arrive.arrival import Arrival, bring
from burnish.arrive.report import Report
from burnish.arrive.source import Source
from burnish.cli.main import app
from burnish.core.job import JobStatus
from burnish.server.app import app_of
from tests.arrive.recorded import account, serving
from tests.contract.test_evals import ALIKE, CONFIG, EXACT, content, ended
from tests.door import VALID, opened
from tests.evals.evaluating import evaluating
from tests.serving import listening


def shown(client: openai.OpenAI, path: str) -> Any:
    return client.get(path, cast_to=object)


@pytest.fixture
def doors(tmp_path):
    """The server that is left, and the one that is moved to."""
    with opened(tmp_path / "there") as there, opened(tmp_path / "here") as here:
        yield there, here


def test_everything_is_shown_as_it_was_there(doors):
    there, here = doors
    job = there.create(metadata={"team": "a"})
    there.state.store.jobs.move(job, JobStatus.FAILED, now=time.time())
    open_job = there.create()
    eval_ = there.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT, ALIKE])
    with evaluating(there.state.settings):
        source = content(*[("four", "four" if number % 2 else "for") for number in range(120)])
        run = ended(there.client, there.client.evals.runs.create(eval_.id, data_source=source))
    with listening(app_of(there.state)) as address:
        left, report = Source.at(f"{address}/v1", "none"), Report()
        bring(Arrival(left, here.state.store, here.state.blobs, "default", report), ("files", "jobs", "evals"))
        left.close()
    assert [(each.kind, each.id) for each in report.missing] == [("jobs", open_job)]
    assert (report.came["files"], report.came["runs"], report.came["items"]) == (4, 1, 120)
    files = there.client.files.list(order="asc").data
    for path in (
        "/files?order=asc",
        f"/fine_tuning/jobs/{job}",
        f"/fine_tuning/jobs/{job}/events",
        f"/evals/{eval_.id}/runs",
        f"/evals/{eval_.id}/runs/{run.id}/output_items?limit=200",
    ):
        assert shown(here.client, path) == shown(there.client, path)
    report = f"/evals/{eval_.id}/compare?run_id={run.id}"
    scores = [shown(client, report)["runs"][0]["score"] for client in (there.client, here.client)]
    assert scores[0] == pytest.approx(scores[1])
    evals = [shown(client, "/evals") for client in (there.client, here.client)]
    ours = [each for each in evals[0]["data"] if each.get("fine_tuning_job_id") != open_job]
    assert [each for each in evals[1]["data"] if each.get("fine_tuning_job_id") != open_job] == ours
    assert here.client.files.content(files[-1].id).content == VALID
    assert json.dumps(shown(here.client, f"/evals/{eval_.id}")) == json.dumps(shown(there.client, f"/evals/{eval_.id}"))


def test_an_eval_that_came_is_run_again_here(doors):
    there, here = doors
    eval_ = there.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT])
    with listening(app_of(there.state)) as address:
        left = Source.at(f"{address}/v1", "none")
        bring(Arrival(left, here.state.store, here.state.blobs, "default", Report()), ("evals",))
        left.close()
    with evaluating(here.state.settings):
        run = ended(here.client, here.client.evals.runs.create(eval_.id, data_source=content(("a", "a"), ("a", "b"))))
    assert (run.status, run.result_counts.passed, run.result_counts.failed) == ("completed", 1, 1)


def test_a_run_of_openais_is_asked_again_of_a_model_here(doors):
    _, here = doors
    with serving(account()) as openai_server:
        left = openai_server.source()
        bring(Arrival(left, here.state.store, here.state.blobs, "default", Report()), ("files", "evals"))
        left.close()
    with listening(app_of(here.state)) as address:
        words = ["evals", "run", "eval_a", "--model", "burnish-starter", "--base-url", f"{address}/v1"]
        with ThreadPoolExecutor() as pool:
            asking = pool.submit(CliRunner().invoke, app, words)
            deadline = time.monotonic() + 60
            while len(runs := here.client.evals.runs.list("eval_a", order="desc").data) < 2:
                assert time.monotonic() < deadline and not asking.done(), asking.result().exception
                time.sleep(0.02)
            here.client.evals.runs.cancel(runs[0].id, eval_id="eval_a")
            assert asking.result(timeout=60).exit_code == 1
    assert runs[0].data_source.sampling_params.max_completion_tokens == 2048
    assert runs[0].data_source.source.id == "file-train"


def test_a_criterion_that_does_not_run_here_fails_a_new_run_by_name(doors):
    _, here = doors
    eval_ = here.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT])
    store = here.state.store
    kept = store.evals.require(eval_.id)
    magic = {"type": "magic", "name": "m", "id": "m-1"}
    store.evals.update(eval_.id, {"testing_criteria": [*map(dict, kept.testing_criteria), magic]}, now=time.time())
    assert shown(here.client, f"/evals/{eval_.id}")["testing_criteria"][1] == magic
    with evaluating(here.state.settings):
        run = ended(here.client, here.client.evals.runs.create(eval_.id, data_source=content(("a", "a"))))
    assert (run.status, run.error.code) == ("failed", "invalid_value")
    assert "The criterion 'm-1' does not run here" in run.error.message
