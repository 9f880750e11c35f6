import asyncio
import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from burnish.core.errors import GraderUnavailable
from burnish.core.rollout import Fault, Item, Sample, TokenUsage
from burnish.grade.build import build
from burnish.grade.door import Case, Title
from burnish.grade.multi import Multi
from burnish.grade.scope import scope_of
from burnish.grade.tools import Tools
from burnish.spec.grader import GraderSpec
from tests.fakes import FakeChat, FakeSleep, answer, verdict

ITEM = Item(line=1, messages=(), tools=(), fields={"answer": "yes"})
EXACT = {"type": "string_check", "input": "{{sample.output_text}}", "reference": "{{item.answer}}", "operation": "eq"}
BROKEN = {**EXACT, "input": "{{sample.output_json.x}}"}


def judge(model="judge"):
    return {"type": "score_model", "model": model, "input": [{"role": "user", "content": "Rate it."}]}


def graded(graders, formula, *answers, sample=None, **fields):
    spec = {"type": "multi", "graders": graders, "calculate_output": formula, **fields}
    chat = FakeChat(answers or [verdict(0.5)])
    grader = build(TypeAdapter[GraderSpec](GraderSpec).validate_python(spec), Tools(chat, FakeSleep()))
    return asyncio.run(grader(ITEM, sample or Sample("yes", None))), chat


def test_the_formula_combines_the_children():
    grade, _ = graded({"exact": EXACT, "style": judge()}, "0.25 * exact + 0.75 * style", verdict(0.5))
    assert (grade.score, grade.type, grade.faults) == (0.625, "multi", ())
    assert {key: part.score for key, part in grade.parts.items()} == {"exact": 1.0, "style": 0.5}


def test_children_are_called_by_their_names_or_else_their_keys():
    grade, _ = graded({"a": EXACT, "b": {**EXACT, "name": "Exact answer"}}, "a + b")
    assert (grade.name, grade.parts["a"].name, grade.parts["b"].name) == ("multi", "a", "Exact answer")


def test_a_child_that_failed_of_its_own_counts_nothing_and_keeps_its_flag():
    grade, _ = graded({"exact": EXACT, "broken": BROKEN}, "0.5 * exact + 0.5 * broken")
    assert (grade.score, grade.faults) == (0.5, ())
    assert [note.fault for note in grade.parts["broken"].faults] == [Fault.SAMPLE_PARSE]


def test_a_judge_that_cannot_be_read_counts_nothing():
    grade, _ = graded({"exact": EXACT, "style": judge()}, "exact + style", answer("good"))
    assert (grade.score, grade.parts["style"].faults[0].fault) == (1.0, Fault.MODEL_PARSE)


def test_a_child_that_failed_us_leaves_the_whole_without_a_score():
    grade, _ = graded({"exact": EXACT, "style": judge()}, "exact", GraderUnavailable("down"))
    assert grade.score is None
    assert grade.parts["exact"].score == 1.0
    assert [note.fault for note in grade.parts["style"].faults] == [Fault.MODEL_SERVER]


@pytest.mark.parametrize("formula", ["1 / (exact - 1)", "log(exact - 1)", "exp(exact * 1000)"])
def test_a_formula_without_a_finite_value_is_a_zero(formula):
    grade, _ = graded({"exact": EXACT}, formula)
    assert (grade.score, [note.fault for note in grade.faults]) == (0.0, [Fault.OTHER])
    assert "exact = 1" in grade.faults[0].detail


@pytest.mark.parametrize("formula", ["exact +", "exact + unknown", "import_os()"])
def test_a_stored_formula_that_went_bad_is_a_zero_with_its_flag(formula):
    multi = Multi({}, formula, None)
    sample = Sample("yes", None)
    grade = asyncio.run(multi.grade(Case(ITEM, sample, scope_of(ITEM, sample)), Title("all", "multi")))
    assert (grade.score, [note.fault for note in grade.faults]) == (0.0, [Fault.FORMULA_PARSE])


def test_an_invalid_grade_stands_for_a_failed_child_or_formula_but_not_for_our_failure():
    assert graded({"a": EXACT}, "a", invalid_grade=-1)[0].score == 1.0
    assert graded({"a": EXACT, "b": BROKEN}, "a + b", invalid_grade=-1)[0].score == -1.0
    assert graded({"a": EXACT}, "1 / (a - 1)", invalid_grade=-1)[0].score == -1.0
    assert graded({"a": judge()}, "a", GraderUnavailable("down"), invalid_grade=-1)[0].score is None


def test_usage_is_summed_by_model():
    grade, _ = graded({"a": judge("one"), "b": judge("two"), "c": judge("one")}, "a + b + c")
    assert grade.usage == {"one": TokenUsage(200, 40, 120), "two": TokenUsage(100, 20, 60)}


def test_children_run_at_the_same_time():
    _, chat = graded({"a": judge(), "b": judge(), "c": judge()}, "a + b + c")
    assert chat.at_once == 3


def test_a_child_may_stand_outside_the_formula():
    grade, _ = graded({"exact": EXACT, "watched": judge()}, "exact", verdict(0.25))
    assert (grade.score, grade.parts["watched"].score) == (1.0, 0.25)


@pytest.mark.parametrize(
    ("compliant", "result", "expected"),
    [("yes", 0.75, 0.875), ("no", 0.75, 0.375), ("yes", 0.0, 0.5), ("needs review", 1.0, 0.5)],
)
def test_the_guides_own_grader_gives_half_for_each_of_its_two(compliant, result, expected):
    text = (Path(__file__).parents[1] / "spec" / "guides_grader.json").read_text()
    chat = FakeChat([verdict(result)])
    grader = build(TypeAdapter[GraderSpec](GraderSpec).validate_json(text), Tools(chat))
    row = {"messages": [], "compliant": "yes", "explanation": "A dedicated security team exists."}
    said = {"compliant": compliant, "explanation": "There is a team."}
    grade = asyncio.run(grader(Item(1, (), (), row), Sample(json.dumps(said), said)))
    assert grade.score == expected
    assert grade.parts["explanation"].name == "Explanation text grader"
    [request] = chat.requests
    assert request.model == "gpt-4o-2024-08-06"
    assert request.messages[0]["content"].endswith(
        "Reference Answer: A dedicated security team exists.\nModel Answer: There is a team.\n"
    )
