import asyncio

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.core.rollout import Fault, FaultNote, Item, Sample
from burnish.grade.door import Door, Title
from burnish.grade.python import Python
from tests.fakes import FakeSandbox, FakeSleep

SOURCE = "def grade(sample, item): return 0.5"
ITEM = Item(line=4, messages=(), tools=(), fields={"answer": "yes"})


def graded(*outcomes, sample=None):
    sandbox, sleep = FakeSandbox(outcomes), FakeSleep()
    door = Door(Title("mine", "python"), Python(SOURCE, sandbox, sleep))
    return asyncio.run(door(ITEM, sample or Sample("yes", None))), sandbox, sleep


def test_the_number_is_the_score_as_it_is():
    grade, sandbox, _ = graded(Outcome(4.5))
    assert (grade.type, grade.score, grade.faults) == ("python", 4.5, ())
    assert sandbox.asked[0][0] == SOURCE
    assert sandbox.asked[0][2] == {"answer": "yes"}


def test_the_sample_has_all_of_openais_keys():
    _, sandbox, _ = graded(Outcome(1.0))
    assert sandbox.asked[0][1] == {
        "output_text": "yes",
        "output_json": None,
        "output_tools": [],
        "output_audio": None,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "yes", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
    }
    _, sandbox, _ = graded(Outcome(1.0), sample=Sample('{"a": 1}', {"a": 1}))
    assert sandbox.asked[0][1]["output_json"] == {"a": 1}


def test_what_the_source_raises_is_a_zero_with_its_traceback():
    grade, _, _ = graded(Outcome(None, "KeyError: 'x'"))
    assert (grade.score, grade.faults) == (0.0, (FaultNote(Fault.PYTHON_RUNTIME, "KeyError: 'x'"),))


def test_the_time_limit_is_a_grader_that_gave_no_reward():
    grade, _, _ = graded(Outcome(None, "No score within 120 seconds.", timed_out=True))
    assert grade.score == 0.0
    assert grade.faults == (FaultNote(Fault.UNRESPONSIVE, "No score within 120 seconds."),)


def test_a_sandbox_that_fails_us_is_tried_again():
    grade, sandbox, sleep = graded(GraderUnavailable("no room"), GraderUnavailable("no room"), Outcome(1.0))
    assert (grade.score, len(sandbox.asked), sleep.pauses_s) == (1.0, 3, [0.5, 1.5])


def test_a_sandbox_that_keeps_failing_us_leaves_no_score():
    grade, sandbox, _ = graded(GraderUnavailable("no room"))
    assert (grade.score, len(sandbox.asked)) == (None, 3)
    assert grade.faults == (FaultNote(Fault.PYTHON_SERVER, "no room"),)


def test_the_sandboxs_time_is_kept_apart_from_the_wait_for_it():
    grade, _, _ = graded(Outcome(1.0, seconds=0.25))
    assert grade.sandbox_seconds == 0.25
    failed, _, _ = graded(Outcome(None, "KeyError", seconds=0.5))
    assert (failed.score, failed.sandbox_seconds) == (0.0, 0.5)
