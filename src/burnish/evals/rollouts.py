"""The answers that a job's runs have left, step by step, beside the rows that they answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from burnish.core.errors import NotFound
from burnish.core.records import Job
from burnish.spec.dataset import lines_of
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.places import rollouts_blob, rollouts_blobs

Json = Any


@dataclass(frozen=True, slots=True)
class Rollouts:
    """One job's answers."""

    job: Job
    blobs: Blobs

    def steps(self) -> list[int]:
        """The steps that have any, in their order; 0 is the validation pass before the first."""
        return [int(PurePosixPath(path).stem) for path in self.blobs.paths(rollouts_blobs(self.job.id))]

    def of_step(self, step: int, phase: str) -> list[dict[str, Json]]:
        """A step's answers of one phase, by row and sample. Raises `NotFound` for a step without a file."""
        return [answer for answer in self._answers(step) if answer["phase"] == phase]

    def of_row(self, line: int, phase: str, most: int) -> list[dict[str, Json]]:
        """The answers to one row in the last steps that have any, `most` steps at most, oldest step first."""
        found: list[list[dict[str, Json]]] = []
        for step in reversed(self.steps()):
            answers = [each for each in self._answers(step) if (each["line"], each["phase"]) == (line, phase)]
            if answers:
                found.append(answers)
            if len(found) == most:
                break
        return [answer for answers in reversed(found) for answer in answers]

    def rows(self, lines: set[int], phase: str) -> dict[int, Json]:
        """The rows of the dataset by their lines; those of a file that was deleted are not there."""
        file_id = self.job.training_file if phase == "train" else self.job.validation_file
        if file_id is None or not lines:
            return {}
        try:
            text = self.blobs.get(file_blob(file_id))
        except NotFound:
            return {}
        return {number: json.loads(row) for number, row in enumerate(lines_of(text), start=1) if number in lines}

    def _answers(self, step: int) -> Iterator[dict[str, Json]]:
        for line in self.blobs.get(rollouts_blob(self.job.id, step)).split(b"\n"):
            if line:
                yield json.loads(line)
