import threading
import time
from pathlib import Path

import pytest

from burnish.work.pulse import Pulse, Sign, read


def test_a_run_that_has_said_nothing_is_starting(tmp_path: Path):
    assert read(tmp_path / "pulse.json") == Sign()
    assert str(Sign()) == "starting"


def test_stages_lie_inside_one_another():
    pulse, seen = Pulse(), list[str]()
    with pulse.at("validation"):
        seen.append(pulse.sign.stage)
        with pulse.at("grading"):
            seen.append(pulse.sign.stage)
        seen.append(pulse.sign.stage)
    assert [*seen, pulse.sign.stage] == ["validation", "grading", "validation", "starting"]


def test_whatever_gets_done_changes_the_sign():
    pulse = Pulse()
    signs = [pulse.sign]
    pulse.beat()
    signs.append(pulse.sign)
    pulse.begin(1)
    signs.append(pulse.sign)
    with pulse.asking("judge"):
        signs.append(pulse.sign)
    signs.append(pulse.sign)
    assert len({str((sign.beats, sign)) for sign in signs}) == 5


def test_it_says_for_which_graders_answers_wait_and_how_long_these_may_take():
    pulse = Pulse()
    pulse.grader_s = 60.0
    pulse.begin(3)
    with pulse.at("grading"), pulse.asking("rubric"), pulse.asking("rubric"):
        with pulse.asking("format"):
            assert str(pulse.sign) == "grading in step 3, waiting for format (1 answer) and rubric (2 answers)"
            assert pulse.sign.patience_s == 60.0
        assert str(pulse.sign) == "grading in step 3, waiting for rubric (2 answers)"
    assert str(pulse.sign) == "starting in step 3"
    assert pulse.sign.patience_s == 0.0


def test_a_grader_that_raises_is_waited_for_no_more():
    pulse = Pulse()
    try:
        with pulse.asking("judge"):
            raise ValueError
    except ValueError:
        assert pulse.sign.graders == {}


def test_it_is_written_while_the_run_is_at_something_and_never_again(tmp_path: Path):
    pulse, path = Pulse(), tmp_path / "pulse.json"
    with pulse.shown(path), pulse.at("sampling"):
        deadline = time.monotonic() + 30
        while read(path) != pulse.sign:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert not [thread for thread in threading.enumerate() if thread.name == "pulse"]
    assert [found.name for found in tmp_path.iterdir()] == ["pulse.json"]


def test_a_pulse_that_cannot_be_written_is_left_at_that(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    pulse = Pulse()
    with pulse.shown(tmp_path / "missing" / "pulse.json"):
        deadline = time.monotonic() + 30
        while "the pulse cannot be written" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert [thread for thread in threading.enumerate() if thread.name == "pulse"]
