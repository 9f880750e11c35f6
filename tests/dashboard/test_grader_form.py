from typing import Any

import pytest
from pydantic import TypeAdapter

from burnish.dashboard.grader_form import FIELDS, begun, grader, multi, values_of
from burnish.spec.grader import GraderSpec

SPEC: TypeAdapter[Any] = TypeAdapter(GraderSpec)


@pytest.mark.parametrize("kind", list(FIELDS))
def test_a_form_that_was_only_opened_is_a_grader_and_comes_back_as_it_was(kind: str):
    values = begun(kind, "judge")
    made = grader(kind, values)
    assert SPEC.validate_python(made).type == kind
    assert values_of(made) == values


def test_a_judges_question_goes_with_or_without_instructions():
    values = begun("score_model", "judge") | {"system": " ", "user": "Well?", "lowest": "0", "highest": "5"}
    made = grader("score_model", values)
    assert made["input"] == [{"role": "user", "content": "Well?"}]
    assert made["range"] == [0.0, 5.0]


def test_graders_with_keys_make_a_multi_grader():
    parts = {"exact": grader("string_check", begun("string_check", ""))}
    assert SPEC.validate_python(multi("both", "exact", parts)).calculate_output == "exact"


@pytest.mark.parametrize(
    "made",
    [
        None,
        {"type": "multi"},
        {"type": "endpoint", "url": "http://x"},
        {"type": "python", "source": "x", "pass_threshold": 0.5},
        {"type": "score_model", "model": "m", "input": [{"role": "user", "content": [{"type": "input_text"}]}]},
        {"type": "label_model", "model": "m", "input": [{"role": "user", "content": "x"}]},
    ],
)
def test_what_a_form_cannot_show_has_no_values(made: Any):
    assert values_of(made) is None


def test_a_bound_that_is_no_number_is_left_to_the_server():
    assert grader("score_model", begun("score_model", "m") | {"lowest": "low"})["range"] == ["low", 1.0]
