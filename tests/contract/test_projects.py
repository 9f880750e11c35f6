"""What is another project's is not there: every route is in one of the tables below, or this module fails.

`a` owns one of everything; `b` asks for it by name, and must be told what it is told of a name that nothing has, byte
for byte, and change nothing by asking.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from burnish.core.evaluation import Outcome
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent, UploadPart
from burnish.spec.job import JobRequest
from burnish.store.leaving import Leaving
from burnish.store.store import Store
from burnish.store.tables import permissions, schema
from tests.door import TRAIN, Door, opened
from tests.rows import (
    GRADER,
    NOW,
    checkpoint,
    eval_item,
    eval_run,
    evaluation,
    exchange,
    feedback,
    file,
    job,
    job_body,
    model,
    model_name,
    upload,
)

EVALS, RUNS = "/v1/evals", "/v1/evals/{eval_id}/runs"
JOBS, GRADERS = "/v1/fine_tuning/jobs", "/v1/fine_tuning/alpha/graders"
PERMISSIONS = "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions"
TUNED, ALIAS = model_name(1), "best"

IDS = {
    "file_id": ["file-a", "file-a-results"],
    "fine_tuning_job_id": ["ftjob-running", "ftjob-paused"],
    "model": [TUNED, ALIAS],
    "fine_tuned_model_checkpoint": [TUNED],
    "permission_id": ["cp_1"],
    "upload_id": ["upload_a"],
    "completion_id": ["chatcmpl-a"],
    "response_id": ["resp_a"],
    "feedback_id": ["fb_a"],
    "eval_id": ["eval_a"],
    "run_id": ["evalrun_a"],
    "output_item_id": ["outputitem_evalrun_a_0"],
}
"""What `a` has, by the name that routes give its id. A new kind of object gets its line, and a row in `fill`."""
MISSING = "nothing-has-this-id"

BY_PATH = {
    "GET /v1/files/{file_id}": 404,
    "GET /v1/files/{file_id}/content": 404,
    "DELETE /v1/files/{file_id}": 404,
    "POST /v1/uploads/{upload_id}/parts": 404,
    "POST /v1/uploads/{upload_id}/complete": 404,
    "POST /v1/uploads/{upload_id}/cancel": 404,
    f"GET {JOBS}/{{fine_tuning_job_id}}": 404,
    f"GET {JOBS}/{{fine_tuning_job_id}}/events": 404,
    f"GET {JOBS}/{{fine_tuning_job_id}}/checkpoints": 404,
    f"POST {JOBS}/{{fine_tuning_job_id}}/cancel": 404,
    f"POST {JOBS}/{{fine_tuning_job_id}}/pause": 404,
    f"POST {JOBS}/{{fine_tuning_job_id}}/resume": 404,
    f"GET {EVALS}/{{eval_id}}": 404,
    f"POST {EVALS}/{{eval_id}}": 404,
    f"DELETE {EVALS}/{{eval_id}}": 404,
    f"GET {EVALS}/{{eval_id}}/compare": 404,
    f"GET {RUNS}": 404,
    f"POST {RUNS}": 404,
    f"GET {RUNS}/{{run_id}}": 404,
    f"POST {RUNS}/{{run_id}}": 404,
    f"POST {RUNS}/{{run_id}}/cancel": 404,
    f"DELETE {RUNS}/{{run_id}}": 404,
    f"GET {RUNS}/{{run_id}}/output_items": 404,
    f"GET {RUNS}/{{run_id}}/output_items/{{output_item_id}}": 404,
    "GET /v1/burnish/jobs/{fine_tuning_job_id}/series": 404,
    "GET /v1/burnish/evals/{eval_id}": 404,
    "GET /v1/burnish/evals/{eval_id}/runs": 404,
    "GET /v1/burnish/jobs/{fine_tuning_job_id}/rollouts": 404,
    "GET /v1/burnish/jobs/{fine_tuning_job_id}/rollouts/rows/{line}": 404,
    "GET /v1/burnish/feedback/{feedback_id}": 404,
    "GET /v1/burnish/files/{file_id}/check": 404,
    "DELETE /v1/burnish/feedback/{feedback_id}": 404,
    "GET /v1/chat/completions/{completion_id}": 404,
    "GET /v1/chat/completions/{completion_id}/messages": 404,
    "POST /v1/chat/completions/{completion_id}": 404,
    "DELETE /v1/chat/completions/{completion_id}": 404,
    "GET /v1/responses/{response_id}": 404,
    "GET /v1/responses/{response_id}/input_items": 404,
    "POST /v1/responses/{response_id}/cancel": 404,
    "DELETE /v1/responses/{response_id}": 404,
    "GET /v1/models/{model}": 404,
    "DELETE /v1/models/{model}": 404,
    f"GET {PERMISSIONS}": 403,
    f"POST {PERMISSIONS}": 403,
    f"DELETE {PERMISSIONS}/{{permission_id}}": 403,
}
"""Routes with an id in their path, and the status of one that is not there. `b` is no admin."""
_ROWS = {"type": "jsonl", "source": {"type": "file_content", "content": [{"item": {"answer": "4"}}]}}
BODIES: dict[str, dict[str, Any]] = {
    f"POST {PERMISSIONS}": {"json": {"project_ids": ["b"]}},
    f"POST {EVALS}/{{eval_id}}": {"json": {"name": "mine"}},
    f"GET {EVALS}/{{eval_id}}/compare": {"params": {"run_id": "evalrun_a"}},
    f"POST {RUNS}": {"json": {"data_source": _ROWS}},
    "POST /v1/chat/completions/{completion_id}": {"json": {"metadata": {"a": "b"}}},
    "POST /v1/uploads/{upload_id}/parts": {"files": {"data": b"x"}},
    "POST /v1/uploads/{upload_id}/complete": {"json": {"part_ids": ["part_a"]}},
}
"""What those of them send that cannot do without."""
LISTS = [
    "GET /v1/files",
    f"GET {JOBS}",
    "GET /v1/burnish/jobs",
    "GET /v1/burnish/evals",
    "GET /v1/burnish/feedback",
    "GET /v1/models",
    f"GET {EVALS}",
    "GET /v1/chat/completions",
]
WITHOUT_IDS = {
    "POST /v1/files",
    "POST /v1/uploads",
    "GET /v1/burnish/health",
    "GET /v1/burnish/settings",
    "GET /v1/burnish/readiness",
    "POST /v1/burnish/feedback",
}
"""Routes that name nothing that anybody owns."""


def _judge(name: str) -> dict[str, Any]:
    message = {"role": "user", "content": "rate {{sample.output_text}}"}
    return {"type": "score_model", "name": "judge", "model": name, "input": [message]}


def _job(grader: dict[str, Any] = GRADER, **changes: Any) -> dict[str, Any]:
    own = {"training_file": "file-b", "validation_file": "file-b"}
    return job_body(**own | changes) | {"method": {"type": "reinforcement", "reinforcement": {"grader": grader}}}


def _eval(criterion: dict[str, Any]) -> dict[str, Any]:
    return {"data_source_config": {"type": "logs"}, "testing_criteria": [criterion]}


BY_BODY = {
    "training file": (f"POST {JOBS}", lambda name: _job(training_file=name), "file-a", 400),
    "validation file": (f"POST {JOBS}", lambda name: _job(validation_file=name), "file-a", 400),
    "base model": (f"POST {JOBS}", lambda name: _job(model=name), TUNED, 400),
    "base model by alias": (f"POST {JOBS}", lambda name: _job(model=name), ALIAS, 400),
    "file of a plan": (
        "POST /v1/burnish/plan",
        lambda name: {"model": "burnish-starter", "training_file": name, "validation_file": name},
        "file-a",
        400,
    ),
    "judge of a job": (f"POST {JOBS}", lambda name: _job(_judge(name)), TUNED, 400),
    "judge of an eval": (f"POST {EVALS}", lambda name: _eval(_judge(name)), TUNED, 400),
    "judge": (f"POST {GRADERS}/run", lambda name: {"grader": _judge(name), "model_sample": "x"}, TUNED, 400),
    "judge by alias": (f"POST {GRADERS}/run", lambda name: {"grader": _judge(name), "model_sample": "x"}, ALIAS, 400),
    "judge looked at": (f"POST {GRADERS}/validate", lambda name: {"grader": _judge(name)}, TUNED, 400),
    "chat": ("POST /v1/chat/completions", lambda name: {"model": name, "messages": [_SAID]}, TUNED, 404),
    "embedding": ("POST /v1/embeddings", lambda name: {"model": name, "input": "hello"}, TUNED, 404),
    "response": ("POST /v1/responses", lambda name: {"model": name, "input": "hello"}, TUNED, 404),
    "previous response": (
        "POST /v1/responses",
        lambda name: {"model": "burnish-starter", "input": "hello", "previous_response_id": name},
        "resp_a",
        400,
    ),
    "counted response": ("POST /v1/responses/input_tokens", lambda name: {"model": name, "input": "hello"}, TUNED, 404),
    "planned file": (
        "POST /v1/burnish/plan",
        lambda name: {"model": "burnish-starter", "training_file": name, "validation_file": "file-b"},
        "file-a",
        400,
    ),
    "chat by alias": ("POST /v1/chat/completions", lambda name: {"model": name, "messages": [_SAID]}, ALIAS, 404),
}
"""Routes with a name in their body: how the body is made, a name of `a`'s, the status of one that is not there."""
_SAID = {"role": "user", "content": "hello"}


@dataclass(frozen=True)
class Site:
    """A server with two projects, and a way to ask as either."""

    door: Door
    keys: dict[str, str]

    def ask(self, project: str, route: str, **sent: Any) -> Any:
        """The answer; of a route's parameters those given are filled in."""
        method, path = route.split(" ")
        headers = {"authorization": f"Bearer {self.keys[project]}"}
        return self.door.http.request(method, path, headers=headers, **sent)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with opened(tmp_path, models={"aliases": {ALIAS: TUNED}}) as door:
        store = door.state.store
        fill(door)
        owner = store.keys.create("a", now=NOW, project="a", is_admin=True)
        yield Site(door, {"a": owner.secret, "b": store.keys.create("b", now=NOW, project="b").secret})


def fill(door: Door) -> None:
    """Everything that `IDS` names, of project `a`; and a file of project `b`."""
    store = door.state.store
    for name, project in (("file-a", "a"), ("file-a-results", "a"), ("file-b", "b")):
        door.state.blobs.put(f"files/{name}", TRAIN)
        store.files.insert(file(name, project=project, bytes=len(TRAIN)))
    store.uploads.insert(upload("upload_a", project="a", bytes=1, expires_at=int(time.time()) + 600))
    door.state.blobs.put("uploads/upload_a/part_a", b"x")
    store.uploads.add_part(UploadPart("part_a", "upload_a", NOW, 1))
    answer = {"id": "resp_a", "output": [], "previous_response_id": None, "status": "completed", "background": False}
    store.feedback.insert(feedback("fb_a", project="a"))
    store.feedback.insert(feedback("fb_b", project="b"))
    store.exchanges.insert(exchange("chatcmpl-a", project="a"))
    store.exchanges.insert(exchange("chatcmpl-b", project="b"))
    store.exchanges.insert(exchange("resp_a", kind="response", project="a", request={"input": []}, answer=answer))
    for project in "ab":
        store.evals.insert(evaluation(f"eval_{project}", project=project))
        store.eval_runs.insert(eval_run(f"evalrun_{project}", f"eval_{project}"))
    claimed = store.eval_runs.claim(60, NOW)
    assert claimed is not None
    store.eval_runs.add("evalrun_a", claimed.attempt, Outcome([eval_item("evalrun_a", 0)], {}))
    for name, status in (("ftjob-running", JobStatus.RUNNING), ("ftjob-paused", JobStatus.PAUSED)):
        request = JobRequest.model_validate(job_body()).record()
        store.jobs.insert(job(name, project="a", status=status, request=request), NewEvent("created"))
    made = Leaving(checkpoints=[checkpoint("ftjob-running", 1)], models=[model("ftjob-ended", 1, project="a")])
    store.jobs.update("ftjob-running", 0, now=NOW, leaving=made)
    with store.database.write() as connection:
        connection.execute(sa.insert(permissions).values(id="cp_1", created_at=NOW, model=TUNED, project="c"))


def rows(store: Store) -> list[Any]:
    """Every row of every table."""
    with store.database.read() as connection:
        return [connection.execute(sa.select(table)).all() for table in schema.sorted_tables]


def routes(http: TestClient) -> set[str]:
    """Every route of the app."""
    paths = http.app.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_every_route_is_in_one_of_the_tables(site: Site):
    known = BY_PATH.keys() | set(LISTS) | WITHOUT_IDS | {route for route, *_ in BY_BODY.values()}
    assert routes(site.door.http) == known


def _filled(route: str, name: str, given: str) -> str:
    """The route with one parameter filled in, and the others with what `a` has."""
    route = route.replace("{line}", "1")
    for each, ids in IDS.items():
        route = route.replace(f"{{{each}}}", given if each == name else ids[0])
    assert "{" not in route, f"{route}: IDS must say what that names"
    return route


def _parameters() -> list[tuple[str, str, str]]:
    return [
        (route, name, foreign)
        for route in BY_PATH
        for name, ids in IDS.items()
        if f"{{{name}}}" in route
        for foreign in ids
    ]


@pytest.mark.parametrize(("route", "name", "foreign"), _parameters())
def test_an_id_of_another_project_is_none(site: Site, route: str, name: str, foreign: str):
    before = rows(site.door.state.store)
    refused = site.ask("b", _filled(route, name, foreign), **BODIES.get(route, {}))
    missing = site.ask("b", _filled(route, name, MISSING), **BODIES.get(route, {}))
    assert (refused.status_code, missing.status_code) == (BY_PATH[route],) * 2
    assert refused.text.replace(foreign, MISSING) == missing.text
    assert rows(site.door.state.store) == before


@pytest.mark.parametrize(("route", "name", "own"), _parameters())
def test_its_own_project_finds_it(site: Site, route: str, name: str, own: str):
    assert site.ask("a", _filled(route, name, own), **BODIES.get(route, {})).status_code in (200, 201, 400)


@pytest.mark.parametrize("case", BY_BODY)
def test_a_name_in_a_body_that_is_another_projects_is_none(site: Site, case: str):
    route, body, foreign, status = BY_BODY[case]
    before = rows(site.door.state.store)
    refused = site.ask("b", route, json=body(foreign))
    missing = site.ask("b", route, json=body(MISSING))
    assert (refused.status_code, missing.status_code) == (status, status)
    assert refused.text.replace(foreign, MISSING) == missing.text
    assert rows(site.door.state.store) == before
    own = site.ask("a", route, json=body(foreign))
    assert own.text.replace(foreign, MISSING) != missing.text


RUN_SOURCES = {
    "file": ({"type": "jsonl", "source": {"type": "file_id", "id": "<>"}}, "file-a", 400),
    "run": ({"type": "jsonl", "source": {"type": "eval_run", "id": "<>"}}, "evalrun_a", 404),
    "model": ({"type": "completions", "source": {"type": "stored_completions"}, "model": "<>"}, TUNED, 400),
}
"""What a run may name: a data source with the name's place, a name of `a`'s, the status of one that is not there."""


@pytest.mark.parametrize("case", RUN_SOURCES)
def test_a_name_in_a_run_that_is_another_projects_is_none(site: Site, case: str):
    source, foreign, status = RUN_SOURCES[case]

    def asked(project: str, name: str) -> Any:
        body = json.loads(json.dumps({"data_source": source}).replace("<>", name))
        return site.ask(project, f"POST {EVALS}/eval_{project}/runs", json=body)

    refused, missing = asked("b", foreign), asked("b", MISSING)
    assert (refused.status_code, missing.status_code) == (status, status)
    assert refused.text.replace(foreign, MISSING) == missing.text
    assert asked("a", foreign).status_code == 201


def test_a_run_of_another_project_is_compared_with_nothing(site: Site):
    route = f"GET {EVALS}/eval_b/compare"
    refused, missing = (site.ask("b", route, params={"run_id": name}) for name in ("evalrun_a", MISSING))
    assert (refused.status_code, refused.text.replace("evalrun_a", MISSING)) == (404, missing.text)


@pytest.mark.parametrize("route", LISTS)
def test_no_list_shows_what_is_another_projects(site: Site, route: str):
    foreign = [each for ids in IDS.values() for each in ids]
    shown = {each["id"] for each in site.ask("b", route).json()["data"]}
    assert shown.isdisjoint(foreign)
    assert not shown.isdisjoint({"file-b", "chatcmpl-b", "fb_b", "eval_b", "burnish-starter"}) or route.endswith("jobs")
    assert not {each["id"] for each in site.ask("a", route).json()["data"]}.isdisjoint(foreign)


@pytest.mark.parametrize(("route", "foreign"), [("GET /v1/files", "file-a"), (f"GET {JOBS}", "ftjob-running")])
def test_no_page_begins_at_what_is_another_projects(site: Site, route: str, foreign: str):
    refused, missing = (site.ask("b", route, params={"after": after}) for after in (foreign, MISSING))
    assert refused.status_code == 400
    assert refused.text.replace(foreign, MISSING) == missing.text


def test_what_a_project_makes_is_its_own(site: Site):
    made = site.ask("b", "POST /v1/files", files={"file": TRAIN}, data={"purpose": "fine-tune"}).json()["id"]
    job_id = site.ask("b", f"POST {JOBS}", json=_job(training_file=made)).json()["id"]
    for path in (f"/v1/files/{made}", f"{JOBS}/{job_id}", f"{JOBS}/{job_id}/events"):
        assert [site.ask(project, f"GET {path}").status_code for project in "ab"] == [404, 200]


def test_bases_and_their_aliases_are_everybodys(site: Site):
    assert [site.ask(project, "GET /v1/models/burnish-starter").status_code for project in "ab"] == [200, 200]


def test_while_there_is_no_key_everybody_is_an_admin_of_the_default_project(door: Door):
    door.state.store.models.insert(model("ftjob-a", 1))
    door.state.store.models.insert(model("ftjob-b", 2, project="b"))
    shown = {each.id for each in door.client.models.list()}
    assert model_name(1) in shown
    assert model_name(2) not in shown
    assert list(door.client.fine_tuning.checkpoints.permissions.list(model_name(2))) == []
