import json
from pathlib import Path

import pytest

from burnish.core.records import NewEvent
from burnish.store.places import rollouts_blob
from tests.door import Door, error_of, opened
from tests.rows import job

PATH = "/v1/burnish/jobs/ftjob-a/rollouts"


@pytest.fixture
def door(tmp_path: Path):
    with opened(tmp_path) as door:
        door.state.store.jobs.insert(job("ftjob-a"), NewEvent("created"))
        yield door


def _leave(door: Door, step: int) -> None:
    answers = [
        {"step": step, "phase": "train", "line": line, "sample": sample, "text": "x"}
        for line in (2, 1)
        for sample in (0, 1)
    ]
    lines = "".join(json.dumps(each) + "\n" for each in answers)
    door.state.blobs.put(rollouts_blob("ftjob-a", step), lines.encode())


def test_a_job_without_a_step_has_no_answers(door: Door):
    found = door.http.get(PATH).json()
    assert (found["step"], found["steps"], found["groups"]) == (None, [], [])
    assert error_of(door.http.get(f"{PATH}?step=1")) == (404, "step", None)


def test_answers_are_grouped_by_the_row_they_answer(door: Door):
    door.state.blobs.put("files/file-train", b'{"n": 1}\n{"n": 2}\n')
    _leave(door, 1)
    _leave(door, 2)
    found = door.http.get(PATH).json()
    assert (found["step"], found["steps"]) == (2, [1, 2])
    assert [(each["line"], each["item"], len(each["answers"])) for each in found["groups"]] == [
        (2, {"n": 2}, 2),
        (1, {"n": 1}, 2),
    ]


def test_a_row_has_its_answers_step_by_step(door: Door):
    _leave(door, 1)
    _leave(door, 2)
    found = door.http.get(f"{PATH}/rows/2?phase=train").json()
    assert found["item"] is None
    assert [(each["step"], len(each["answers"])) for each in found["steps"]] == [(1, 2), (2, 2)]
    assert error_of(door.http.get(f"{PATH}/rows/0"))[0] == 400
