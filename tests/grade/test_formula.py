import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


@pytest.mark.parametrize("formula", ["log", "min + 1", "sqrt(abs)"])
def test_a_function_without_a_call_is_not_defined(formula):
    with pytest.raises(NameNotDefined):
        Formula.of(formula).value({"a": 1.0})


def test_a_text_that_is_no_formula_is_an_error():
    with pytest.raises(FormulaError):
        Formula.of("a +")


def test_the_deepest_formula_allowed_can_be_computed():
    assert Formula.of("+".join(["a"] * 201)).value({"a": 1.0}) == 201.0
    assert math.isclose(Formula.of("sqrt(" * 99 + "a" + ")" * 99).value({"a": 2.0}), 1.0)


# Properties: a formula written from a tree gives what the tree gives when it is evaluated by the textbook.

NUMBER = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: abs(round(number, 3)))
LEAF = st.tuples(st.just("number"), NUMBER) | st.tuples(st.just("name"), st.sampled_from(["a", "b"]))
TREE = st.recursive(
    LEAF,
    lambda inside: (
        st.tuples(st.sampled_from("+-*/^"), inside, inside)
        | st.tuples(st.just("minus"), inside)
        | st.tuples(st.sampled_from(["min", "max"]), inside, inside)
        | st.tuples(st.sampled_from(["abs", "floor", "ceil", "exp", "sqrt", "log"]), inside)
    ),
    max_leaves=12,
)
BY_THE_TEXTBOOK = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "^": lambda x, y: math.pow(x, y),
    "minus": lambda x: -x,
    "min": min,
    "max": max,
    "abs": abs,
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}


def written(tree):
    match tree:
        case ("number", value):
            return repr(value)
        case ("name", name):
            return name
        case ("minus", inside):
            return f"(-{written(inside)})"
        case (("+" | "-" | "*" | "/" | "^") as sign, left, right):
            return f"({written(left)} {sign} {written(right)})"
        case (function, *inside):
            return f"{function}({', '.join(map(written, inside))})"


def evaluated(tree, scores):
    match tree:
        case ("number", value):
            return value
        case ("name", name):
            return scores[name]
        case (sign, *inside):
            return BY_THE_TEXTBOOK[sign](*(evaluated(each, scores) for each in inside))


@given(TREE, st.floats(-10, 10), st.floats(-10, 10))
def test_a_formula_agrees_with_its_tree(tree, a, b):
    scores = {"a": a, "b": b}
    try:
        wanted = evaluated(tree, scores)
    except (ArithmeticError, ValueError):
        wanted = math.nan
    formula = Formula.of(written(tree))
    if math.isfinite(wanted):
        assert formula.value(scores) == pytest.approx(wanted, rel=1e-9)
    else:
        with pytest.raises(NoNumber):
            formula.value(scores)


@given(st.text(alphabet="ab0123456789.+-*/^()e, minlogsqrtx", max_size=40), st.floats(0, 1))
def test_any_text_is_a_finite_number_or_one_of_three_complaints(text, score):
    with contextlib.suppress(FormulaError, NoNumber, NameNotDefined):
        assert math.isfinite(Formula.of(text).value({"a": score, "b": score}))


@given(st.lists(st.integers(0, 10**30), min_size=2, max_size=8))
def test_towers_of_powers_are_bounded(numbers):
    with contextlib.suppress(NoNumber):
        assert math.isfinite(Formula.of(" ^ ".join(map(str, numbers))).value({}))
