import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish.spec.formula import MAX_CHARACTERS, FormulaError, names, parse


def test_the_names_are_the_graders_and_not_the_functions():
    assert names(parse("0.5 * compliant + max(explanation, compliant) ^ 2 - 1e-9")) == ["compliant", "explanation"]


def test_a_grader_may_be_called_like_a_function():
    assert names(parse("min(min, 1)")) == ["min"]


def test_a_power_binds_tighter_than_a_sign_and_groups_from_the_right():
    assert ast.dump(parse("-a^b^c")) == ast.dump(ast.parse("-(a**(b**c))", mode="eval"))


def test_lines_may_break_anywhere():
    assert ast.dump(parse("a\n  + b\n")) == ast.dump(parse("a + b"))


@pytest.mark.parametrize("function", ["min", "max", "abs", "floor", "ceil", "exp", "sqrt", "log"])
def test_every_documented_function_is_known(function):
    assert names(parse(f"{function}(x)")) == ["x"]


@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        ("", "the formula is empty"),
        ("a +", "'a +' cannot be parsed: invalid syntax"),
        ("a b", "cannot be parsed"),
        ("mean(a)", "function 'mean' is unknown; there are abs, ceil, exp"),
        ("a ** 2", "write ^ for a power"),
        ("a % 2", "'a % 2' is not allowed"),
        ("a // 2", "is not allowed"),
        ("a < b", "is not allowed"),
        ("a if b else c", "is not allowed"),
        ("a.real", "'a.real' is not allowed"),
        ("a[0]", "is not allowed"),
        ("'text'", "is not allowed"),
        ("1j", "is not allowed"),
        ("True", "'True' is no number"),
        ("1e999", "is too large a number"),
        ("1" + "0" * 400, "is too large a number"),
        ("abs()", "'abs' takes one argument, not 0"),
        ("log(a, 2)", "'log' takes one argument, not 2"),
        ("min()", "'min' takes at least one argument, not 0"),
        ("min(a, key=b)", "is not allowed"),
        ("min(*a)", "is not allowed"),
        ("a.min(b)", "is not allowed"),
        ("a\x00", "cannot be parsed"),
        ("-" * 9000 + "1", "nested too deeply"),
        ("+".join(["a"] * 300), "nested too deeply"),
        ("(" * 300 + "a" + ")" * 300, "cannot be parsed"),
        ("a" * (MAX_CHARACTERS + 1), "10000 are allowed"),
    ],
)
def test_what_is_not_of_the_language_is_refused_with_its_reason(formula, complaint):
    with pytest.raises(FormulaError) as caught:
        parse(formula)
    assert complaint in str(caught.value)


def test_a_sum_over_a_hundred_graders_is_fine():
    assert len(names(parse(" + ".join(f"r{number}" for number in range(100))))) == 100


@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_a_complaint(text):
    try:
        parse(text)
    except FormulaError as error:
        assert str(error)


WORDS = ("a", "b", "1", "2.5", "1e-9", *"+-*/^(),", "min(", "log(", "**", "%", ".", "'x'", "[0]", "True")


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_what_parses_has_nothing_but_numbers_names_operators_and_calls(tokens):
    allowed = ast.Expression | ast.BinOp | ast.UnaryOp | ast.Call | ast.Name | ast.Constant | ast.operator
    try:
        tree = parse(" ".join(tokens))
    except FormulaError:
        return
    assert all(isinstance(node, allowed | ast.unaryop | ast.expr_context) for node in ast.walk(tree))
