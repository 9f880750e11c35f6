import pytest

from burnish.core.rollout import Fault, FaultNote, Grade
from burnish.grade.flags import all_faults, all_notes, errors

NONE = {
    "formula_parse_error": False,
    "sample_parse_error": False,
    "truncated_observation_error": False,
    "unresponsive_reward_error": False,
    "invalid_variable_error": False,
    "other_error": False,
    "python_grader_server_error": False,
    "python_grader_server_error_type": None,
    "python_grader_runtime_error": False,
    "python_grader_runtime_error_details": None,
    "model_grader_server_error": False,
    "model_grader_refusal_error": False,
    "model_grader_parse_error": False,
    "model_grader_server_error_details": None,
}


def grade(*notes, **parts):
    return Grade("g", "multi", 0.0, tuple(FaultNote(*note) for note in notes), parts)


def test_a_faultless_grade_has_openais_flags_in_its_order_all_down():
    assert list(errors(grade()).items()) == list(NONE.items())


@pytest.mark.parametrize("fault", list(Fault))
def test_each_fault_raises_its_own_flag(fault):
    found = errors(grade((fault, "why")))
    assert {name for name, value in found.items() if value is True} == {fault.value}


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        (Fault.PYTHON_SERVER, "python_grader_server_error_type"),
        (Fault.PYTHON_RUNTIME, "python_grader_runtime_error_details"),
        (Fault.MODEL_SERVER, "model_grader_server_error_details"),
    ],
)
def test_details_stand_where_there_is_a_place_for_them(fault, field):
    assert errors(grade((fault, "why"))) == {**NONE, fault.value: True, field: "why"}


def test_a_multi_grader_tells_of_its_childrens_faults():
    child = grade((Fault.MODEL_SERVER, "down"))
    other = grade((Fault.MODEL_SERVER, "gone"))
    found = grade((Fault.OTHER, "division by zero"), a=child, b=other)
    assert errors(found) == {
        **NONE,
        "other_error": True,
        "model_grader_server_error": True,
        "model_grader_server_error_details": "down\ngone",
    }
    assert [note.detail for note in all_faults(found)] == ["division by zero", "down", "gone"]


def test_notes_are_told_once_however_many_parts_have_them():
    part = Grade("m", "text_similarity", 0.5, notes=("no WordNet",))
    assert all_notes(Grade("g", "multi", 0.5, parts={"a": part, "b": part}, notes=("own",))) == ["own", "no WordNet"]
    assert all_notes(grade()) == []
