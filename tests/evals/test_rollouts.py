import json
from pathlib import Path

import pytest

from burnish.core.errors import NotFound
from burnish.evals.rollouts import Rollouts
from burnish.store.blobs import blobs_in
from burnish.store.places import rollouts_blob
from tests.rows import job


@pytest.fixture
def rollouts(tmp_path: Path) -> Rollouts:
    made = Rollouts(job("ftjob-a"), blobs_in(tmp_path))
    for step in (0, 1, 2):
        answers = [
            {"step": step, "phase": phase, "line": line, "sample": 0, "text": "a\u2028b"}
            for phase in (("valid",) if step == 0 else ("train", "valid"))
            for line in (1, 3)
        ]
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in answers)
        made.blobs.put(rollouts_blob("ftjob-a", step), lines.encode())
    return made


def test_a_step_has_the_answers_of_one_phase(rollouts: Rollouts):
    assert rollouts.steps() == [0, 1, 2]
    assert [(each["line"], each["text"]) for each in rollouts.of_step(1, "train")] == [(1, "a\u2028b"), (3, "a\u2028b")]
    assert rollouts.of_step(0, "train") == []
    with pytest.raises(NotFound):
        rollouts.of_step(9, "train")


def test_a_row_is_followed_through_its_last_steps(rollouts: Rollouts):
    assert [each["step"] for each in rollouts.of_row(3, "valid", 9)] == [0, 1, 2]
    assert [each["step"] for each in rollouts.of_row(3, "valid", 2)] == [1, 2]


def test_rows_go_by_their_line_in_the_file_blank_ones_counted(rollouts: Rollouts):
    assert rollouts.rows({1}, "train") == {}
    rollouts.blobs.put("files/file-train", b'\xef\xbb\xbf{"n": 1}\n\n{"n": 3}\n')
    assert rollouts.rows({1, 3}, "train") == {1: {"n": 1}, 3: {"n": 3}}
