import asyncio
import logging

import pytest

from burnish.core.rollout import Fault, Item, Sample
from burnish.core.template import fill
from burnish.grade.door import Door, Title

ITEM = Item(line=4, messages=(), tools=(), fields={"answer": "yes"})


class Filling:
    def __init__(self, template):
        self.template = template

    async def grade(self, case, title):
        return title.grade(float(fill(self.template, case.scope) == "yes"))


class Failing:
    def __init__(self, error):
        self.error = error

    async def grade(self, case, title):
        raise self.error


def through(kind, sample=None):
    return asyncio.run(Door(Title("mine", "string_check"), kind)(ITEM, sample or Sample("yes", None)))


def test_a_grade_is_signed_and_timed():
    grade = through(Filling("{{sample.output_text}}"))
    assert (grade.name, grade.type, grade.score, grade.faults) == ("mine", "string_check", 1.0, ())
    assert 0 < grade.seconds < 1


def test_an_unknown_variable_is_a_zero_with_its_flag():
    grade = through(Filling("{{item.anwser}}"))
    assert grade.score == 0.0
    [note] = grade.faults
    assert note.fault is Fault.INVALID_VARIABLE
    assert "'item.anwser' is unknown" in note.detail


def test_missing_json_is_a_zero_with_the_answers_flag():
    grade = through(Filling("{{sample.output_json.x}}"))
    assert (grade.score, grade.faults[0].fault) == (0.0, Fault.SAMPLE_PARSE)


def test_any_exception_is_a_zero_and_a_line_in_the_log(caplog):
    caplog.set_level(logging.ERROR)
    grade = through(Failing(RuntimeError("broken")))
    assert (grade.score, grade.faults[0].fault, grade.faults[0].detail) == (0.0, Fault.OTHER, "RuntimeError: broken")
    [record] = caplog.records
    assert (record.grader, record.line) == ("mine", 4)


def test_cancellation_passes_through():
    with pytest.raises(asyncio.CancelledError):
        through(Failing(asyncio.CancelledError()))
