import pytest
from pydantic import TypeAdapter

from burnish.core.errors import InvalidRequest
from burnish.grade.span import span
from burnish.spec.grader import GraderSpec

EXACT = {"type": "string_check", "input": "a", "reference": "a", "operation": "eq"}
SIMILAR = {"type": "text_similarity", "input": "a", "reference": "a", "evaluation_metric": "rouge_l"}


def judge(limits=None):
    return {"type": "score_model", "model": "m", "input": [{"role": "user", "content": "Rate."}], "range": limits}


def of(grader):
    return span(TypeAdapter[GraderSpec](GraderSpec).validate_python(grader))


def multi(formula, *children, **fields):
    graders = dict(zip(names(len(children)), children, strict=True))
    return of({"type": "multi", "graders": graders, "calculate_output": formula, **fields})


@pytest.mark.parametrize(
    ("grader", "expected"),
    [
        (EXACT, (0, 1)),
        (SIMILAR, (0, 1)),
        (judge(), (0, 1)),
        (judge([0, 5]), (0, 5)),
        (judge([-1, 1]), (-1, 1)),
        ({"type": "python", "source": ""}, (0, 1)),
    ],
)
def test_a_single_grader_has_its_own_range(grader, expected):
    assert of(grader) == expected


@pytest.mark.parametrize(
    ("formula", "children", "expected"),
    [
        ("0.5 * a + 0.5 * b", [EXACT, judge()], (0, 1)),
        ("a + b", [EXACT, judge([1, 5])], (1, 6)),
        ("a - b", [EXACT, judge()], (-1, 1)),
        ("a * b", [judge([-2, 1]), judge([-3, 5])], (-10, 6)),
        ("max(a, 0.25 * b)", [EXACT, EXACT], (0, 1)),
        ("a - a", [judge()], (0, 0)),
        ("2 * a * b / (a + b + 1e-9)", [judge(), judge()], (0, 1)),
        # F1 is 0/0 where both are 0, and is not counted there: on a grid of quarters it is 0 with one of them.
        ("2 * a * b / (a + b)", [judge(), judge()], (0, 1)),
        # The top of a parabola lies in the middle, where a judge may be and a string check may not.
        ("4 * a * (1 - a)", [judge()], (0, 1)),
        ("4 * a * (1 - a)", [EXACT], (0, 0)),
    ],
)
def test_a_multi_grader_reaches_from_its_formulas_least_to_its_greatest_value(formula, children, expected):
    assert multi(formula, *children) == pytest.approx(expected, abs=1e-6)


def names(count):
    return [chr(ord("a") + index) if index < 26 else f"g{index}" for index in range(count)]


def test_eleven_graders_are_tried_in_all_corners():
    # Only at a = 1, b = 0, c = 1 it is 1, and 2^11 corners are as many as are tried.
    assert multi("a * (1 - b) * c", *[EXACT] * 11) == (0, 1)


def test_of_thirty_graders_each_extreme_is_climbed_to():
    formula = " + ".join(f"{sign} {name}" for sign, name in zip("+-" * 15, names(30), strict=True))
    assert multi(formula, *[EXACT] * 30) == (-15, 15)


def test_a_gate_before_many_graders_does_not_hide_them():
    _, *rest = names(20)
    assert multi(f"a * ({' + '.join(rest)})", *[EXACT] * 20) == (0, 19)


def test_an_invalid_grade_belongs_to_the_range():
    assert multi("a", EXACT, invalid_grade=-1) == (-1, 1)


def test_a_formula_that_never_has_a_value_is_refused():
    with pytest.raises(InvalidRequest, match="has no value for any scores") as caught:
        multi("a / (b - b)", EXACT, EXACT)
    assert caught.value.param == "grader.calculate_output"
