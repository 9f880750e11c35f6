import itertools

import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.job import JobStatus, check_move

LEGAL = {
    "validating_files": {"queued", "failed", "cancelled"},
    "queued": {"running", "failed", "cancelled"},
    "running": {"queued", "pausing", "paused", "succeeded", "failed", "cancelled"},
    "pausing": {"paused", "succeeded", "failed", "cancelled"},
    "paused": {"queued", "cancelled"},
    "succeeded": set(),
    "failed": set(),
    "cancelled": set(),
}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(JobStatus, JobStatus)))
def test_a_move_is_allowed_exactly_where_the_table_says_so(old, new):
    if new.value in LEGAL[old.value]:
        check_move("ftjob-1", old, new)
    else:
        with pytest.raises(InvalidRequest):
            check_move("ftjob-1", old, new)


def test_the_states_are_openais():
    assert {status.value for status in JobStatus} == set(LEGAL)


def test_only_three_states_are_final():
    assert {status.value for status in JobStatus if status.is_final} == {"succeeded", "failed", "cancelled"}


def test_every_state_can_reach_an_end():
    for status in JobStatus:
        assert status.is_final or "cancelled" in LEGAL[status.value]


def test_an_illegal_move_says_what_is_allowed():
    with pytest.raises(InvalidRequest) as caught:
        check_move("ftjob-1", JobStatus.PAUSED, JobStatus.RUNNING)
    assert caught.value.code == "invalid_job_state"
    assert str(caught.value) == (
        "Job 'ftjob-1' cannot move from 'paused' to 'running'. Moves allowed from 'paused': cancelled, queued."
    )


def test_a_final_state_says_that_it_is_final():
    with pytest.raises(InvalidRequest, match="Moves allowed from 'succeeded': none: this state is final"):
        check_move("ftjob-1", JobStatus.SUCCEEDED, JobStatus.CANCELLED)
