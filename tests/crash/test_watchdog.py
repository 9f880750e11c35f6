"""A run that hangs is named and restarted, and the job ends as if nothing had happened."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from burnish.settings import Watchdog
from burnish.store.tables import jobs
from burnish.work.leftovers import run_directory
from burnish.work.pulse import FILE, Sign, read
from tests.crash.site import JOB, Site, until
from tests.crash.test_workers import runs_of, step_of, stop_outside_a_write, told_by
from tests.work.test_reinforce import GRADER


def alarms(site: Site) -> list[str]:
    told = site.store.events.all(JOB)
    return [event.message for event in told if event.message.startswith("The run has made no progress")]


def said_by(site: Site) -> Sign:
    return read(run_directory(site.settings, site.store.jobs.require(JOB)) / FILE)


def watched(directory: Path, limits: Watchdog) -> Site:
    site = Site(directory)
    site.settings = site.settings.model_copy(update={"watchdog": limits})
    return site


def graded_by(site: Site, grader: dict[str, Any]) -> None:
    """Give the job another grader before it begins."""
    with site.store.database.write() as connection:
        request: dict[str, Any] = connection.execute(sa.select(jobs.c.request)).scalar_one()
        request["method"]["reinforcement"]["grader"] = grader
        connection.execute(sa.update(jobs).values(request=request))


def calm(directory: Path, grader: dict[str, Any]) -> dict[str, Any]:
    """What the job comes to with this grader when nothing hangs."""
    site = Site(directory)
    graded_by(site, grader)
    with site.worker():
        until(lambda: site.is_done)
    return site.outcome()


@pytest.mark.slow
@pytest.mark.xdist_group("crash")
def test_a_run_that_stands_still_is_named_and_restarted(tmp_path: Path):
    wanted = calm(tmp_path / "calm", GRADER)
    site = watched(tmp_path / "hung", Watchdog(name_after_s=5, restart_after_s=40))
    graded_by(site, GRADER)
    with site.worker() as worker:
        until(lambda: (said_by(site).step or 0) >= 2)
        [run] = runs_of(worker)
        stop_outside_a_write(site, run)
        left, left_at, said = site.store.jobs.require(JOB), step_of(site), said_by(site)
        until(lambda: site.is_done)
        found = site.outcome()
    assert found == wanted
    named, restarted = [message for message in alarms(site) if str(said) in message]
    assert f" s: {said.stage} in step {said.step}" in named
    assert restarted.endswith(". It is restarted from its last step")
    assert told_by(site) == [f"The run had died. It goes on after step {left_at}"]
    assert site.store.jobs.require(JOB).attempt == left.attempt + 1


class Endpoint:
    """A grader's endpoint that scores by the answer's length, and answers nobody while it is held."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.url = ""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.answers.wait()
            answer = json.dumps({"score": len(body["sample"]["output_text"]) % 5 / 4}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    with _listening(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        found.url = url
        yield found
        found.answers.set()


@contextmanager
def _listening(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.slow
@pytest.mark.xdist_group("crash")
def test_a_grader_that_does_not_answer_is_named_and_given_its_own_time(tmp_path: Path, endpoint: Endpoint):
    grader = {"type": "endpoint", "name": "ours", "url": endpoint.url}
    wanted = calm(tmp_path / "calm", grader)
    site = watched(tmp_path / "held", Watchdog(name_after_s=2, restart_after_s=90))
    graded_by(site, grader)
    with site.worker():
        until(lambda: step_of(site) >= 1)
        endpoint.answers.clear()
        until(lambda: any("waiting for ours (" in message for message in alarms(site)))
        endpoint.answers.set()
        until(lambda: site.is_done)
    assert site.outcome() == wanted
    assert told_by(site) == []
