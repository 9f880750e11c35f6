import math

import pytest
from simpleeval import NameNotDefined

from burnish.grade.formula import Formula, NoNumber
from burnish.spec.formula import FormulaError


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("0.5 * a + 0.5 * b", 0.625),
        ("a + b - 1", 0.25),
        ("b / a", 0.25 / 1),
        ("(a + b) / 2", 0.625),
        ("2 * 3 ^ 2", 18.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("2 ^ -1", 0.5),
        ("1 - 2 - 3", -4.0),
        ("+a", 1.0),
        ("min(a, b, 0.1)", 0.1),
        ("min(b)", 0.25),
        ("max(a, b)", 1.0),
        ("abs(b - a)", 0.75),
        ("floor(2.7) + floor(-0.5)", 1.0),
        ("ceil(2.1)", 3.0),
        ("sqrt(b)", 0.5),
        ("exp(0)", 1.0),
        ("log(exp(2))", 2.0),
        ("2 * a * b / (a + b + 1e-9)", 0.4),
        ("7", 7.0),
    ],
)
def test_a_formula_means_what_it_means_on_paper(formula, value):
    assert Formula.of(formula).value({"a": 1.0, "b": 0.25}) == pytest.approx(value)


@pytest.mark.parametrize(
    "formula",
    [
        "1 / (a - a)",
        "sqrt(-a)",
        "log(a - a)",
        "exp(1000)",
        "1e300 * 1e300",
        "1e300 * 1e300 - 1e300 * 1e300",
        "(-8) ^ (1 / 3)",
        "0 ^ -1",
        "9 ^ 9 ^ 9 ^ 9",
        "floor(1e300 * 1e300)",
        "1" + "0" * 300 + " * 1" + "0" * 300,
    ],
)
def test_what_has_no_finite_value_is_no_number(formula):
    with pytest.raises(NoNumber, match="a = 1"):
        Formula.of(formula).value({"a": 1.0})


def test_a_grader_may_be_called_like_a_function():
    assert Formula.of("min(min, 1)").value({"min": 0.5}) == 0.5


def test_a_name_that_has_no_score_is_not_defined():
    with pytest.raises(NameNotDefined):
        Formula.of("a + b").value({"a": 1.0})
    with pytest.raises(NameNotDefined):
        Formula.of("__import__").value({"a": 1.0})


def test_a_text_that_is_no_formula_is_an_error():
    with pytest.raises(FormulaError):
        Formula.of("a +")


def test_the_deepest_formula_allowed_can_be_computed():
    assert Formula.of("+".join(["a"] * 201)).value({"a": 1.0}) == 201.0
    assert math.isclose(Formula.of("sqrt(" * 99 + "a" + ")" * 99).value({"a": 2.0}), 1.0)
