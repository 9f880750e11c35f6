import math
from dataclasses import replace

import pytest
import torch

from burnish.core.rollout import Sample
from burnish.starter.families import families
from burnish.starter.family import Row
from burnish.starter.gate import Report, explored, mean, measure, table
from burnish.starter.sampling import Answer, load
from tests.starter.weights import DIRECTORY

GOOD = Report("addition", 0.4, 0.5, 0.35, 0.8, 0.3, 0.01, None, shown=True)


def test_care_that_pays_passes():
    assert GOOD.fails() is None


def test_care_that_does_not_pay_fails_and_says_so():
    assert replace(GOOD, careful=0.35).fails() == "addition: careful answers score 0.35, hasty ones 0.30"


def test_a_way_of_answering_that_hardly_occurs_fails():
    assert replace(GOOD, careful_share=0.01).fails() == "addition: careful answers are 1% of all"
    assert replace(GOOD, careful_share=0.99).fails() is not None


def test_where_only_the_grader_knows_nearly_all_plausible_answers_must_be_tried():
    hidden = replace(GOOD, careful=0.3, hasty=0.3)
    assert replace(hidden, explored=0.95).fails() is None
    assert replace(hidden, explored=0.5).fails() == "addition: only 50% of plausible answers are tried"


def test_an_answer_is_tried_from_one_in_twenty_on():
    said = ["a"] * 19 + ["b"] + ["other"] * 20
    sampled = [Answer(Row({}, "", ""), "", Sample("", {"explanation": one})) for one in said]
    assert explored(sampled, lambda row: ("a", "b", "c")) == pytest.approx(1 / 3)
    assert explored(sampled[:20], lambda row: ("a", "b")) == 1.0


def test_what_is_not_shown_passes_whatever_it_does():
    assert replace(GOOD, careful=0.0, shown=False).fails() is None


def test_a_mean_that_does_not_exist_is_nan_and_fails():
    assert math.isnan(mean([]))
    assert replace(GOOD, careful=math.nan).fails() is not None


def test_the_table_has_a_line_for_each_family():
    assert table([GOOD]).split("\n")[2] == "| addition | 0.400 | 0.500 | 0.35 | 0.800 | 0.300 | 0.010 |  |"


@pytest.mark.slow
def test_the_shipped_model_passes_on_every_shown_family():
    torch.manual_seed(0)
    model = load(DIRECTORY)
    reports = [measure(model, family, 30, 4) for family in families().values() if family.shown]
    assert [why for report in reports if (why := report.fails())] == []
