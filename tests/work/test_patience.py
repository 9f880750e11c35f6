import pytest

from burnish.core.errors import JobFailure
from burnish.core.rollout import Fault, FaultNote, Grade, Group
from burnish.work.patience import Patience
from tests.work.made import item, rollout


def lost(detail: str = "the judge is down.", fault: Fault = Fault.MODEL_SERVER) -> Grade:
    return Grade("judge", "score_model", None, (FaultNote(fault, detail),))


def raised(detail: str) -> Grade:
    return Grade("mine", "python", 0.0, (FaultNote(Fault.PYTHON_RUNTIME, detail),))


FINE = Grade("judge", "score_model", 0.5)


def step(*grades: Grade | None) -> list[Group]:
    """A step's one group; None: an answer that was not graded."""
    answers = [
        rollout(0.0, ungraded=Fault.TRUNCATED) if grade is None else rollout(grade.score, grade=grade)
        for grade in grades
    ]
    return [Group(item(), tuple(answers))]


def after(*steps: list[Group]) -> Patience:
    patience = Patience()
    for each in steps:
        patience = patience.after(each)
    return patience


def failure(*steps: list[Group]) -> JobFailure:
    with pytest.raises(JobFailure) as caught:
        after(*steps)
    return caught.value


def test_a_fifth_of_the_grades_may_be_lost_for_ever():
    fifth = step(lost(), FINE, FINE, FINE, FINE)
    assert after(*[fifth] * 10) == Patience()


def outage(*steps: list[Group]) -> str:
    found = after(*steps).outage
    assert found is not None
    return found


def test_more_than_a_fifth_in_three_steps_in_a_row_pauses_the_run():
    quarter = step(lost(), FINE, FINE, FINE)
    assert after(quarter, quarter) == Patience(lost=2)
    assert outage(quarter, quarter, quarter).startswith("In 3 steps in a row more than 20% of the answers (1 of 4")


def test_one_good_step_between_forgives():
    bad = step(lost(), FINE)
    assert after(bad, bad, step(FINE), bad, bad) == Patience(lost=2)


def test_answers_that_were_not_graded_are_no_grades():
    assert after(*[step(lost(), None, FINE, FINE, FINE, FINE)] * 5) == Patience()
    assert after(step(lost(), FINE, FINE, FINE, None, None)) == Patience(lost=1)
    assert after(*[step(None, None)] * 5) == Patience()


def test_the_commonest_reason_is_told_with_what_to_fix():
    bad = step(lost("HTTP 429."), lost("HTTP 500."), lost("HTTP 429."), FINE)
    found = outage(bad, bad, bad)
    assert found.startswith(
        "In 3 steps in a row more than 20% of the answers (3 of 4 in the last one) got no grade. Most often: HTTP 429. "
    )
    assert "models.remote" in found
    assert found.endswith("then resume the job.")


@pytest.mark.parametrize(
    ("fault", "advice"), [(Fault.PYTHON_SERVER, "burnish doctor"), (Fault.OTHER, "what the grader calls")]
)
def test_a_sandbox_and_an_endpoint_are_mended_elsewhere(fault: Fault, advice: str):
    bad = step(lost("gone.", fault))
    assert advice in outage(bad, bad, bad)


def test_the_lost_part_of_a_multi_grader_is_the_reason():
    other = Grade("other", "string_check", 0.0, (FaultNote(Fault.INVALID_VARIABLE, "'item.x' is unknown."),))
    bad = step(Grade("both", "multi", None, parts={"a": other, "b": lost()}))
    assert "Most often: the judge is down." in outage(bad, bad, bad)


def test_python_inside_a_multi_grader_is_the_users_too():
    bad = step(Grade("both", "multi", 0.0, parts={"a": raised("Traceback a")}))
    assert failure(bad, bad, bad).code == "python_grader_runtime_error"


def test_python_that_raises_fails_the_job_with_three_different_tracebacks():
    bad = step(*[raised(f"Traceback {name}") for name in "aabbccd"], FINE)
    error = failure(bad, bad, bad)
    assert error.code == "python_grader_runtime_error"
    assert "(7 of 8 in the last one) made the python grader raise" in error.message
    assert error.message.endswith("Traceback a\n\nTraceback b\n\nTraceback c")


def test_of_a_long_traceback_the_end_is_shown():
    bad = step(raised("x" * 5000 + "ValueError: no number"))
    message = failure(bad, bad, bad).message
    assert message.endswith("ValueError: no number")
    assert len(message) < 2300
