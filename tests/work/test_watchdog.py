import json
from dataclasses import asdict
from pathlib import Path

import pytest
from pydantic import ValidationError

from burnish.settings import Settings
from burnish.settings import Watchdog as Limits
from burnish.work.pulse import Sign
from burnish.work.watchdog import LONGEST_LOOK_S, Alarm, Watchdog


@pytest.fixture
def watchdog(tmp_path: Path) -> Watchdog:
    limits = Limits(name_after_s=10, restart_after_s=30)
    return Watchdog(Settings(data_dir=tmp_path, watchdog=limits), tmp_path / "pulse.json")


def show(watchdog: Watchdog, sign: Sign) -> None:
    watchdog.path.write_text(json.dumps(asdict(sign)))


def looks(watchdog: Watchdog, first: int, last: int) -> list[tuple[int, Alarm]]:
    """What it says, looking every two seconds."""
    alarms = [(now, watchdog.look(float(now))) for now in range(first, last + 1, 2)]
    return [(now, alarm) for now, alarm in alarms if alarm is not None]


def test_a_silent_run_is_named_once_and_then_restarted(watchdog: Watchdog):
    show(watchdog, Sign("training", 7, 123))
    [(named_at, named), (over_at, over)] = looks(watchdog, 100, 130 + 2)
    assert (named_at, named.is_over) == (110, False)
    assert named.message == "The run has made no progress for 10 s: training in step 7"
    assert (over_at, over.is_over) == (130, True)
    assert over.message == (
        "The run has made no progress for 30 s: training in step 7. It is restarted from its last step"
    )


def test_a_run_that_has_not_said_anything_is_watched_too(watchdog: Watchdog):
    [(_, named)] = looks(watchdog, 0, 12)
    assert named.message == "The run has made no progress for 10 s: starting"


def test_whatever_gets_done_begins_the_count_again(watchdog: Watchdog):
    for beats in range(20):
        show(watchdog, Sign("sampling", 1, beats))
        assert looks(watchdog, beats * 8, beats * 8 + 6) == []
    [(_, named)] = looks(watchdog, 160, 172)
    assert not named.is_over


def test_graders_are_named_and_given_their_own_time(watchdog: Watchdog):
    show(watchdog, Sign("grading", 2, 5, {"rubric": 3}, patience_s=100.0))
    alarms = looks(watchdog, 0, 130)
    assert [(now, alarm.is_over) for now, alarm in alarms] == [(10, False), (130, True)]
    assert alarms[0][1].message.endswith("10 s: grading in step 2, waiting for rubric (3 answers)")
    assert "no progress for 2 min" in alarms[1][1].message


def test_a_worker_that_slept_itself_does_not_blame_the_run(watchdog: Watchdog):
    show(watchdog, Sign("sampling", 1, 1))
    assert looks(watchdog, 0, 4) == []
    assert watchdog.look(5000.0) is not None  # named, for what may have passed
    assert LONGEST_LOOK_S < 5000
    show(watchdog, Sign("sampling", 1, 2))
    assert looks(watchdog, 5002, 5010) == []


def test_a_run_that_cannot_be_ended_is_told_of_again_only_after_as_long(watchdog: Watchdog):
    show(watchdog, Sign("writing the checkpoint", 1, 1))
    assert [now for now, alarm in looks(watchdog, 0, 100) if alarm.is_over] == [30, 60, 90]


def test_a_run_is_named_before_it_is_restarted():
    with pytest.raises(ValidationError, match=r"restart_after_s is less than watchdog\.name_after_s"):
        Limits(name_after_s=60, restart_after_s=30)
