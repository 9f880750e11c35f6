import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import pytest
from pydantic import TypeAdapter

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Sample
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.spec.grader import GraderSpec, TextMetric
from tests.fakes import FakeChat, FakeSandbox, verdict
from tests.work.made import item

EXACT = {"type": "string_check", "input": "a", "reference": "a", "operation": "eq"}
JUDGE = {"type": "score_model", "model": "judge", "input": [{"role": "user", "content": "Rate it."}]}
LABEL = {**JUDGE, "type": "label_model", "labels": ["a"], "passing_labels": ["a"]}
PYTHON = {"type": "python", "source": "def grade(sample, item): return 1"}
ENDPOINT = {"type": "endpoint", "url": "https://example.test"}
COSINE = {"type": "text_similarity", "input": "a", "reference": "b", "evaluation_metric": "cosine"}


def refused(grader, tools=None, **where):
    with pytest.raises(InvalidRequest) as caught:
        build(TypeAdapter[GraderSpec](GraderSpec).validate_python(grader), tools or Tools(), **where)
    return caught.value.param, str(caught.value)


@pytest.mark.parametrize(
    ("grader", "field", "words"),
    [
        (PYTHON, "type", "no sandbox here"),
        (ENDPOINT, "type", "reach a grader's endpoint"),
        (JUDGE, "model", "no judge model here to answer for 'judge'"),
        (LABEL, "model", "no judge model here to answer for 'judge'"),
        (COSINE, "evaluation_metric", "needs an embedding model"),
    ],
)
def test_a_grader_without_the_tool_that_it_needs_is_refused_at_its_field(grader, field, words):
    param, message = refused(grader)
    assert param == f"grader.{field}"
    assert words in message


@pytest.mark.parametrize("metric", get_args(TextMetric))
def test_a_metric_of_texts_needs_no_tool(metric):
    build(TypeAdapter[GraderSpec](GraderSpec).validate_python({**COSINE, "evaluation_metric": metric}), Tools())


def test_a_child_is_refused_at_its_place_in_the_request():
    multi = {"type": "multi", "graders": {"a": EXACT, "b": PYTHON}, "calculate_output": "a + b"}
    param, _ = refused(multi, param="method.reinforcement.grader")
    assert param == "method.reinforcement.grader.graders.b.type"


@pytest.mark.parametrize("judge", [JUDGE, LABEL])
def test_a_judge_that_shall_look_at_an_uploaded_image_is_refused(judge):
    image = {"type": "input_image", "file_id": "file-1"}
    grader = {**judge, "input": [{"role": "user", "content": image}]}
    assert refused(grader, Tools(FakeChat([verdict(1)])))[0] == "grader.input[0].content.file_id"


def test_a_sandbox_that_works_takes_python_and_one_that_does_not_says_why():
    spec = TypeAdapter[GraderSpec](GraderSpec).validate_python(PYTHON)
    build(spec, Tools(sandbox=FakeSandbox()))
    assert refused(PYTHON, Tools(sandbox=FakeSandbox(why_not="it leaks"))) == ("grader.type", "it leaks")


def test_whoever_wants_to_know_hears_which_graders_are_asked_the_multi_itself_left_out():
    asked: list[str] = []

    @contextmanager
    def asking(name: str) -> Iterator[None]:
        asked.append(name)
        yield
        asked.append(f"{name} has answered")

    multi = {
        "type": "multi",
        "name": "all",
        "graders": {"a": EXACT, "b": {**EXACT, "name": "mine"}},
        "calculate_output": "a + b",
    }
    grader = build(TypeAdapter[GraderSpec](GraderSpec).validate_python(multi), Tools(asking=asking))
    grade = asyncio.run(grader(item(1), Sample("text", None)))
    assert grade.score == 2.0
    assert sorted(asked) == ["a", "a has answered", "mine", "mine has answered"]
