"""What a job is at, seen from outside: by its rows, its run's directory and its bytes."""

import json
import sqlite3
import time
from contextlib import closing
from typing import Any, Literal

from tests.crash.site import JOB, STEPS, Site

Moment = Literal[
    "validating or queued",
    "starting",
    "sampling",
    "grading",
    "training",
    "checkpointing",
    "writing events",
    "publishing",
]
MOMENTS: tuple[Moment, ...] = (
    "validating or queued",
    "starting",
    "sampling",
    "grading",
    "training",
    "checkpointing",
    "writing events",
    "publishing",
)

_LOOK = f"""
SELECT status, attempt, plan IS NOT NULL,
    (SELECT max(step) FROM job_steps WHERE job_id = '{JOB}'),
    (SELECT json_group_array(json_array(phase, step, json_extract(grade, '$.step'))) FROM grades)
FROM jobs WHERE id = '{JOB}'
"""


class Observer:
    """Watches one job; `answers` are those of the undisturbed one, which has the same."""

    def __init__(self, site: Site, answers: bytes) -> None:
        self._site = site
        self._wanted = [0] * (STEPS + 1)
        for line in map(json.loads, answers.splitlines()):
            if line["phase"] == ("train" if line["step"] else "valid") and line["grade"] is not None:
                self._wanted[line["step"]] += 1
        self._attempt, self._began_at = 0, -1

    def watch(self, duration_s: float) -> None:
        """Keep looking for so long: a job is known to have begun by what it was at before."""
        deadline = time.monotonic() + duration_s
        while time.monotonic() < deadline:
            self.moment()
            time.sleep(0.02)

    def moment(self) -> tuple[Moment, int]:
        """What the job is at, and the step that was last written down; -1: none."""
        with closing(sqlite3.connect(self._site.settings.data_dir / "burnish.db")) as rows:
            status, attempt, is_planned, last, grades = rows.execute(_LOOK).fetchone()
        last = -1 if last is None else last
        if attempt != self._attempt:
            self._attempt, self._began_at = attempt, last
        return self._of(status, is_planned, last, json.loads(grades)), last

    def _of(self, status: str, is_planned: bool, last: int, grades: list[Any]) -> Moment:
        if status in ("validating_files", "queued"):
            return "validating or queued"
        directory = self._site.settings.data_dir / "runs" / f"{JOB}-{self._attempt}"
        there = {path.name.removesuffix(".part") for path in directory.glob("*")} if directory.is_dir() else set()
        is_loaded = last != self._began_at or f"snapshot-{last}" in there if last >= 0 else is_planned
        if not is_loaded or not directory.is_dir():
            return "starting"
        if last == STEPS:
            return "publishing"
        step = last + 1
        if there & {f"snapshot-{step}", f"model-{step}"}:
            is_stored = (self._site.settings.data_dir / "blobs" / "rollouts" / JOB / f"{step:06d}.jsonl").exists()
            return "writing events" if is_stored else "checkpointing"
        return self._before_the_checkpoint(step, grades)

    def _before_the_checkpoint(self, step: int, grades: list[Any]) -> Moment:
        key = ["train", step] if step else ["valid", 0]
        graded = sum([phase, of] == key and asked == step for phase, of, asked in grades)
        if graded < self._wanted[step]:
            return "grading" if graded else "sampling"
        return "training" if step else "checkpointing"
