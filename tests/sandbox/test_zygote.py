import os
from pathlib import Path

import pytest

from burnish.sandbox.zygote import (
    MAX_ERROR_CHARACTERS,
    Cell,
    Grader,
    Refused,
    attempt,
    empty,
    number,
    read_frame,
    shortened,
    write_frame,
)

REQUEST = b'{"sample": {"output_text": "yes"}, "item": {"answer": "yes"}}'
EXACT = "def grade(sample, item):\n    return sample['output_text'] == item['answer']\n"


def loaded(source):
    grader = Grader(source, [])
    return grader, grader.load()


def test_a_frame_that_is_written_can_be_read():
    reader, writer = os.pipe()
    write_frame(writer, {"score": 1.0})
    os.close(writer)
    assert read_frame(reader) == b'{"score": 1.0}'
    with pytest.raises(EOFError):
        read_frame(reader)
    os.close(reader)


def test_a_source_is_loaded_and_graded_with():
    grader, answer = loaded(EXACT)
    assert answer == {}
    assert grader.grade(REQUEST) == {"score": 1.0}


def test_a_source_knows_its_own_module_and_is_not_main():
    source = (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    b: 'int'\n"
        "if __name__ == '__main__':\n    raise SystemExit\n" + EXACT
    )
    assert loaded(source)[1] == {}


def test_the_traceback_shows_the_users_lines_and_no_others():
    grader, _ = loaded("import json\ndef grade(sample, item):\n    return json.loads('x')\n")
    error = grader.grade(REQUEST)["error"]
    assert error.startswith('Traceback (most recent call last):\n  File "grader.py", line 3, in grade\n')
    assert "    return json.loads('x')\n" in error
    assert error.endswith("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)")
    assert error.count("File ") == 1


def test_a_source_that_cannot_be_read_shows_the_place():
    error = loaded("def grade(sample, item:\n    return 1")[1]["error"]
    assert 'File "grader.py", line 1' in error
    assert "SyntaxError" in error


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1", "defines no function 'grade'"),
        ("grade = 4", "defines no function 'grade'"),
        ("def grade(sample): return 1", "two arguments, (sample, item); this one takes (sample)."),
        ("def grade(a, b, c): return 1", "this one takes (a, b, c)."),
        ("async def grade(sample, item): return 1", "is async"),
    ],
)
def test_a_source_without_a_usable_function_says_what_is_wanted(source, words):
    answer = loaded(source)[1]
    assert words in answer["error"]
    assert "Traceback" not in answer["error"]


@pytest.mark.parametrize("source", ["def grade(*args): return 1", "grade = lambda sample, item, more=1: 1"])
def test_whatever_takes_two_arguments_will_do(source):
    assert loaded(source)[1] == {}


def test_a_module_that_is_missing_is_named():
    grader, answer = loaded("import no_such_module.inside\n" + EXACT)
    assert answer["missing"] == "no_such_module"
    assert grader.failure == answer


def test_what_float_takes_is_a_score():
    assert [number(value) for value in (True, 3, "0.25", 1e9)] == [1.0, 3.0, 0.25, 1e9]


@pytest.mark.parametrize("value", [None, [], "high", float("nan"), float("inf"), 1.1e9, 10**400])
def test_what_is_no_finite_number_is_refused_with_the_value(value):
    with pytest.raises(Refused, match="must return a number"):
        number(value)


def test_exceptions_that_end_programs_are_caught():
    def leave():
        raise SystemExit(3)

    assert attempt(leave)["error"] == "SystemExit: 3"


def test_a_long_error_keeps_its_beginning_and_its_end():
    text = shortened("a" * 5000 + "b" * 5000)
    assert len(text) < MAX_ERROR_CHARACTERS + 10
    assert text.startswith("aaa") and text.endswith("bbb") and "[…]" in text
    assert shortened("short") == "short"


@pytest.fixture
def cell(tmp_path):
    commands, ours = os.pipe()
    yield Cell(commands, str(tmp_path), is_alone=False)
    os.close(commands)
    os.close(ours)


def test_every_grade_starts_from_the_loaded_module(cell):
    grader, _ = loaded("seen = []\ndef grade(sample, item):\n    seen.append(1)\n    return len(seen)")
    assert [cell.forked(grader, REQUEST) for _ in range(2)] == [{"score": 1.0}, {"score": 1.0}]


@pytest.mark.parametrize(
    ("act", "how"), [("os._exit(3)", "ended with exit code 3"), ("os.abort()", "killed by SIGABRT")]
)
def test_a_fork_that_dies_says_how(cell, act, how):
    grader, _ = loaded(f"import os\ndef grade(sample, item):\n    {act}")
    assert how in cell.forked(grader, REQUEST)["error"]


def test_a_module_that_failed_answers_without_a_fork(cell):
    grader, answer = loaded("1 / 0")
    assert cell.forked(grader, REQUEST) == answer


def test_a_server_that_hangs_up_ends_the_grade(tmp_path):
    commands, ours = os.pipe()
    os.close(ours)
    grader, _ = loaded("import time\ndef grade(sample, item):\n    time.sleep(60)")
    with pytest.raises(EOFError):
        Cell(commands, str(tmp_path), is_alone=False).forked(grader, REQUEST)
    os.close(commands)


def test_a_directory_is_emptied_however_deep_and_closed_it_is(tmp_path, monkeypatch):
    scratch, kept = tmp_path / "scratch", tmp_path / "kept"
    scratch.mkdir()
    kept.mkdir()
    (kept / "file").write_text("x")
    monkeypatch.chdir(scratch)
    for _ in range(1200):
        Path("d" * 20).mkdir()
        os.chdir("d" * 20)
    (scratch / "closed" / "inside").mkdir(parents=True)
    (scratch / "closed" / "inside").chmod(0)
    (scratch / "closed").chmod(0)
    (scratch / "door").symlink_to(kept)
    (scratch / "file").write_text("x")
    empty(str(scratch))
    assert list(scratch.iterdir()) == []
    assert (kept / "file").exists()
