import pytest
from pydantic import TypeAdapter

from burnish.core.errors import InvalidRequest
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.spec.grader import GraderSpec
from tests.fakes import FakeChat, verdict

EXACT = {"type": "string_check", "input": "a", "reference": "a", "operation": "eq"}
JUDGE = {"type": "score_model", "model": "judge", "input": [{"role": "user", "content": "Rate it."}]}
LABEL = {**JUDGE, "type": "label_model", "labels": ["a"], "passing_labels": ["a"]}
PYTHON = {"type": "python", "source": "def grade(sample, item): return 1"}
ENDPOINT = {"type": "endpoint", "url": "https://example.test"}


def refused(grader, tools=None, **where):
    with pytest.raises(InvalidRequest) as caught:
        build(TypeAdapter[GraderSpec](GraderSpec).validate_python(grader), tools or Tools(), **where)
    return caught.value.param, str(caught.value)


@pytest.mark.parametrize("grader", [PYTHON, LABEL, ENDPOINT])
def test_kinds_that_are_not_here_are_refused_by_name(grader):
    param, message = refused(grader)
    assert param == "grader.type"
    assert f"type '{grader['type']}' are not available in this version" in message


def test_a_child_is_refused_at_its_place_in_the_request():
    multi = {"type": "multi", "graders": {"a": EXACT, "b": PYTHON}, "calculate_output": "a + b"}
    param, _ = refused(multi, param="method.reinforcement.grader")
    assert param == "method.reinforcement.grader.graders.b.type"


def test_a_judge_needs_a_chat():
    param, message = refused(JUDGE)
    assert param == "grader.model"
    assert "no judge model here to answer for 'judge'" in message


def test_a_judge_that_shall_look_at_an_image_is_refused():
    image = {"type": "input_image", "image_url": "https://example.test/a.png"}
    grader = {**JUDGE, "input": [{"role": "user", "content": image}]}
    assert refused(grader, Tools(FakeChat([verdict(1)])))[0] == "grader.input[0].content"
