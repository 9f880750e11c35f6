import dataclasses
from pathlib import Path

import pytest

from benchmarks.load import MILESTONES, faults_of, run
from burnish.core.job import JobStatus
from burnish.core.records import Event
from tests.rows import job

DONE = job("ftjob-1", status=JobStatus.SUCCEEDED, attempt=2)


def told(*messages: str) -> list[Event]:
    return [
        Event(f"ftevent-{number}", "ftjob-1", number, 1000 + number, "info", message, "message", None)
        for number, message in enumerate(messages, start=1)
    ]


def test_a_job_that_tells_every_milestone_once_and_in_order_has_no_fault():
    assert faults_of(DONE, told(*MILESTONES)) == []
    assert faults_of(DONE, told("Fewer than ten rows", *MILESTONES, "Estimate against the truth")) == []


@pytest.mark.parametrize(
    "messages",
    [
        MILESTONES[:-1],
        [*MILESTONES, MILESTONES[-1]],
        [*MILESTONES[:6], MILESTONES[7], MILESTONES[6], *MILESTONES[8:]],
        [*MILESTONES[:7], *MILESTONES[6:]],
        ["Step 9/", *MILESTONES],
    ],
)
def test_events_that_are_missing_doubled_or_in_disorder_are_faults(messages: list[str]):
    [fault] = faults_of(DONE, told(*messages))
    assert fault.startswith("ftjob-1 told [")


def test_a_job_that_failed_or_ran_twice_is_a_fault():
    assert len(faults_of(dataclasses.replace(DONE, status=JobStatus.FAILED), told(*MILESTONES))) == 1
    [twice] = faults_of(dataclasses.replace(DONE, attempt=3), told(*MILESTONES))
    assert twice == "ftjob-1 was claimed 3 times, not once for its files and once for its run"


def test_time_that_goes_back_is_a_fault():
    events = told(*MILESTONES)
    events[4] = dataclasses.replace(events[4], created_at=0)
    assert faults_of(DONE, events) == ["ftjob-1 told events of an earlier time later"]


@pytest.mark.slow
def test_jobs_of_several_clients_on_several_workers_all_end_and_none_runs_twice(tmp_path: Path):
    report = run(tmp_path, jobs=7, clients=3, workers=2)
    assert report.readings.errors == []
    assert list(report.faults) == []
    assert len(report.jobs) == 7
    assert {found.project for found in report.jobs} == {"client-0", "client-1", "client-2"}
    assert min(len(report.readings.seconds[kind]) for kind in ("list", "events", "checkpoints", "retrieve")) > 7
