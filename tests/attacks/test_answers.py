"""Whatever a grader gives back is a finite number or a fault that says what was wrong."""

import asyncio

import pytest

from burnish.core.outcome import Outcome
from burnish.sandbox.python_sandbox import PythonSandbox
from tests.attacks.conftest import Attack


@pytest.mark.parametrize(
    "value",
    [
        "float('nan')",
        "float('inf')",
        "-float('inf')",
        "1e300",
        "-2e9",
        "10 ** 400",
        "None",
        "[1]",
        "{}",
        "'high'",
        "1j",
    ],
)
def test_what_is_no_usable_number(attack: Attack, value: str):
    outcome = attack(f"return {value}")
    assert outcome.error is not None
    assert outcome.error.startswith("'grade' must return a number")


@pytest.mark.parametrize(
    ("value", "score"), [("True", 1.0), ("3", 3.0), ("-0.5", -0.5), ("'0.25'", 0.25), ("1e9", 1e9)]
)
def test_what_float_takes_is_a_number(attack: Attack, value: str, score: float):
    assert attack(f"return {value}") == Outcome(score)


def test_a_number_that_lies(attack: Attack):
    body = """
class Number:
    def __float__(self):
        raise KeyError("gotcha")
return Number()
"""
    outcome = attack(body)
    assert outcome.error is not None and outcome.error.endswith("KeyError: 'gotcha'")


def test_recursion(attack: Attack):
    outcome = attack("return grade(sample, item)")
    assert outcome.error is not None and "RecursionError" in outcome.error
    assert len(outcome.error) < 9000


def test_deep_json_in_the_answer(attack: Attack):
    outcome = attack("import json\nreturn len(json.loads('[' * 100000))")
    assert outcome.error is not None and "RecursionError" in outcome.error


def test_a_deep_row(sandbox: PythonSandbox):
    row: list[object] = []
    for _ in range(100_000):
        row = [row]
    outcome = asyncio.run(sandbox.grade("def grade(sample, item): return 1", {}, {"row": row}))
    assert outcome.error == "The row or the answer is nested too deeply to be graded."
    while row:
        row = row[0]  # type: ignore[assignment]  # freed from outside in: freeing it at once would recurse


def test_an_exception_of_a_megabyte(attack: Attack):
    outcome = attack("raise ValueError('x' * (1 << 20))")
    assert outcome.error is not None and len(outcome.error) < 9000


def test_an_exception_that_cannot_be_told(attack: Attack):
    body = "class Evil(Exception):\n    def __str__(self): raise self\nraise Evil()"
    outcome = attack(body)
    assert outcome.error is not None and "Evil" in outcome.error


@pytest.mark.parametrize(
    "act", ["sys.exit(0)", "raise KeyboardInterrupt", "raise GeneratorExit", "raise BaseException"]
)
def test_exceptions_that_end_programs(attack: Attack, act: str):
    assert attack(f"import sys\n{act}").score is None


@pytest.mark.parametrize(
    ("act", "how"),
    [("os._exit(0)", "exit code 0"), ("os.abort()", "SIGABRT"), ("os.kill(os.getpid(), 9)", "SIGKILL")],
)
def test_ends_without_an_answer(attack: Attack, act: str, how: str):
    outcome = attack(f"import os\n{act}")
    assert outcome.error is not None and how in outcome.error


def test_a_forged_answer_is_only_its_own(attack: Attack):
    body = """
import os, struct
said = b'{"score": 7}'
os.write(3, 2 * (struct.pack(">I", len(said)) + said))
return 1
"""
    assert attack(body) == Outcome(7.0)


@pytest.mark.parametrize(
    "said", ["[1]", '{"score": true}', '{"score": NaN}', '{"score": 1e400}', "[" * 50000, '{"error": 4}']
)
def test_a_forged_answer_that_is_none(attack: Attack, said: str):
    body = "import os, struct\nsaid = item['said'].encode()\nos.write(3, struct.pack('>I', len(said)) + said)\nreturn 1"
    assert attack(body, said=said).score is None


def test_state_does_not_reach_the_next_grade(sandbox: PythonSandbox):
    source = """
import os
seen = []
def grade(sample, item):
    seen.append(1)
    here = len(os.listdir("."))
    os.environ["SEEN"] = "1"
    open("seen", "w").close()
    return len(seen) + 10 * here
"""
    assert [asyncio.run(sandbox.grade(source, {}, {})).score for _ in range(3)] == [1.0, 1.0, 1.0]


def test_equal_answers_get_equal_grades_in_every_sandbox(sandbox: PythonSandbox):
    one, other = (f"def grade(sample, item): return hash('a') % 1000  # {name}" for name in "ab")
    scores = [asyncio.run(sandbox.grade(source, {}, {})).score for source in (one, other)]
    assert scores[0] == scores[1]
