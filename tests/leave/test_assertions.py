import json
import shutil
import subprocess

import pytest

from burnish.core.errors import InvalidRequest
from burnish.leave.assertions import Assertion, assertion
from burnish.leave.nunjucks import Values
from burnish.server.app import app_of
from tests.door import opened
from tests.rows import GRADER
from tests.serving import listening

ID = "exact-6f1c6b5e-6c1f-4c1e-9d6b-0d3f5a1b2c3d"
ALIKE = {
    "type": "text_similarity",
    "name": "How alike?",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "evaluation_metric": "fuzzy_match",
    "pass_threshold": 0.5,
    "id": "How alike?-6f1c6b5e-6c1f-4c1e-9d6b-0d3f5a1b2c3d",
}
SOURCE = """
from __future__ import annotations

def grade(sample, item):
    return len(sample["output_text"]) + item["more"] + (sample["output_json"] or 0)
"""
PYTHON = {"type": "python", "name": "length", "source": SOURCE, "pass_threshold": 8, "id": ID}


def made(criterion: dict[str, object], url: str = "http://here/v1") -> Assertion:
    return assertion(criterion, 1, Values(()), url)


def test_a_criterion_that_is_none_is_refused():
    with pytest.raises(InvalidRequest, match="The criterion 'exact-1' does not run here"):
        made({**GRADER, "type": "magic", "id": "exact-1"})


@pytest.mark.parametrize(
    ("operation", "kind"), [("eq", "equals"), ("ne", "not-equals"), ("like", "contains"), ("ilike", "icontains")]
)
def test_a_comparison_with_the_answer_is_promptfoos_own(operation, kind):
    found = made({**GRADER, "operation": operation, "id": ID})
    assert found == Assertion({"type": kind, "value": "{{ item.answer }}", "metric": "exact"})


@pytest.mark.parametrize(
    "changes",
    [
        {"input": "{{sample.output_json.x}}"},
        {"input": "the answer {{sample.output_text}}"},
        {"reference": "{{sample.output_text}}"},
        {"pass_threshold": 0},
        {"pass_threshold": 2},
    ],
)
def test_any_other_comparison_is_the_servers(changes):
    assert made({**GRADER, **changes, "id": ID}).shown["value"] == "file://graders/1_exact.cjs"


def test_a_python_grader_is_a_file_that_grades_as_here():
    found = made(PYTHON)
    assert found.shown == {"type": "python", "value": "file://graders/1_exact.py", "metric": "exact"}
    scope: dict[str, object] = {}
    exec(compile(found.text, "exact.py", "exec", dont_inherit=True), scope)
    asked = {"vars": {"item": {"more": 2}}}
    assert scope["get_assert"]("12345", asked)["score"] == 5 + 2 + 12345
    assert scope["get_assert"]("hello", asked) == {"pass": False, "score": 7.0, "reason": "7, to pass: 8"}
    assert scope["get_assert"]("hello!", asked)["pass"]


def test_what_promptfoo_has_no_equal_for_is_asked_of_the_server():
    found = made(ALIKE)
    assert found.shown == {"type": "javascript", "value": "file://graders/1_how_alike.cjs", "metric": "How alike?"}
    written = found.text.partition("const grader = ")[2].partition(";\n\nmodule")[0]
    assert json.loads(written) == {key: value for key, value in ALIKE.items() if key != "id"}
    assert 'process.env.BURNISH_BASE_URL || "http://here/v1"' in found.text


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_servers_grade_is_the_assertions(tmp_path):
    program = (
        "require('./a.cjs')('fou', {vars: {item: {answer: process.argv[1]}}}).then(x => console.log(JSON.stringify(x)))"
    )
    with opened(tmp_path / "data") as door, listening(app_of(door.state)) as address:
        (tmp_path / "a.cjs").write_text(made(ALIKE, f"{address}/v1").text)
        for wanted, score in (("four", 6 / 7), ("nine", 0.0)):
            run = subprocess.run(
                ["node", "-e", program, wanted], cwd=tmp_path, capture_output=True, check=True, timeout=60
            )
            told = json.loads(run.stdout)
            assert told["score"] == pytest.approx(score, abs=0.3 if wanted == "nine" else 1e-9)
            assert told["pass"] == (told["score"] >= 0.5)
