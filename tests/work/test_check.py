import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent, StoredFile
from burnish.grade.text_similarity import WITHOUT_WORDNET
from burnish.settings import Settings
from burnish.spec.job import JobRequest
from burnish.store.blobs import Blobs, open_blobs
from burnish.store.store import Store, open_store
from burnish.work.check import validate
from tests.work.made import job

ROW = {"messages": [{"role": "user", "content": "Encrypted?"}], "answer": "yes"}
GRADER = {
    "type": "string_check",
    "name": "exact",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "operation": "eq",
}


class Shop:
    """A store with a job in it whose files say what a test wants."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(data_dir=directory)
        self.store: Store = open_store(self.settings)
        self.blobs: Blobs = open_blobs(self.settings)

    def put(self, file_id: str, content: bytes) -> None:
        self.blobs.put(f"files/{file_id}", content)
        self.store.files.insert(StoredFile(file_id, len(content), 1000, "x.jsonl", "fine-tune", "default"))

    def validate(self, train: bytes, valid: bytes, grader: dict[str, Any] = GRADER) -> Job:
        self.put("file-train", train)
        self.put("file-valid", valid)
        return self.validate_stored(grader)

    def validate_stored(self, grader: dict[str, Any] = GRADER) -> Job:
        body = {
            "model": "burnish-starter",
            "training_file": "file-train",
            "validation_file": "file-valid",
            "method": {"type": "reinforcement", "reinforcement": {"grader": grader}},
        }
        self.store.jobs.insert(job(JobRequest.model_validate(body).record()), NewEvent("Created"))
        claimed = self.store.jobs.claim("worker", [JobStatus.VALIDATING_FILES], 60, 2000)
        assert claimed is not None
        validate(claimed, self.settings, self.store, self.blobs)
        after = self.store.jobs.get("ftjob-1")
        assert after is not None
        return after

    def events(self) -> list[tuple[str, str]]:
        return [(event.level, event.message) for event in self.store.events.all("ftjob-1")]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_good_files_move_the_job_to_queued(shop: Shop):
    assert shop.validate(lines(*[ROW] * 10), lines(ROW)).status is JobStatus.QUEUED
    assert shop.events()[1:] == [
        ("info", "Validating training file: file-train and validation file: file-valid"),
        ("info", "Files validated, moving job to queued state"),
    ]


def test_few_rows_are_worth_a_warning_not_a_failure(shop: Shop):
    assert shop.validate(lines(ROW, ROW, ROW), lines(ROW)).status is JobStatus.QUEUED
    assert shop.events()[2][0] == "warn"
    assert "3 row(s)" in shop.events()[2][1]


@pytest.mark.parametrize(
    ("train", "valid", "param", "words"),
    [
        (lines(*[ROW] * 4) + b'{"messages": [}\n', lines(ROW), "training_file", ["line 5", "malformed JSON", "column"]),
        (lines(ROW), lines({"answer": "yes"}), "validation_file", ["line 1", "'messages'", "missing"]),
        (
            lines({"messages": [{"role": "assistant", "content": "hi"}], "answer": ""}),
            lines(ROW),
            "training_file",
            ["line 1", "messages[0].role", "last message must be the user's"],
        ),
        (lines(ROW, {"messages": ROW["messages"]}), lines(ROW), "training_file", ["Line 2", "item.answer"]),
        (b"", lines(ROW), "training_file", ["file is empty"]),
    ],
)
def test_a_bad_file_fails_the_job_with_line_key_and_rule(
    shop: Shop, train: bytes, valid: bytes, param: str, words: list[str]
):
    failed = shop.validate(train, valid)
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert (failed.error.code, failed.error.param) == (f"invalid_{param}", param)
    assert all(word in failed.error.message for word in words), failed.error.message
    assert shop.events()[-1] == ("error", failed.error.message)


def test_a_file_that_vanished_fails_the_job(shop: Shop):
    shop.put("file-train", lines(ROW))
    failed = shop.validate_stored()
    assert failed.error is not None
    assert failed.error.param == "validation_file"
    assert "vanished" in failed.error.message


def test_a_file_of_another_project_is_as_good_as_vanished(shop: Shop):
    shop.store.files.insert(StoredFile("file-train", 2, 1000, "x.jsonl", "fine-tune", "research"))
    failed = shop.validate_stored()
    assert failed.error is not None
    assert failed.error.message == "The training file file-train has vanished."


def test_bytes_that_vanished_fail_the_job(shop: Shop):
    shop.put("file-train", lines(ROW))
    shop.put("file-valid", lines(ROW))
    shop.blobs.delete("files/file-train")
    failed = shop.validate_stored()
    assert failed.error is not None
    assert failed.error.param == "training_file"
    assert "bytes" in failed.error.message


def test_a_meteor_grader_without_wordnet_is_warned_of(tmp_path):
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    shop = Shop(tmp_path)
    shop.settings = Settings(data_dir=tmp_path, grading={"wordnet": nowhere})
    meteor = {"type": "text_similarity", "input": "a", "reference": "b", "evaluation_metric": "meteor"}
    rows = (json.dumps(ROW) + "\n").encode() * 12
    shop.validate(rows, rows, meteor)
    assert ("warn", WITHOUT_WORDNET) in shop.events()
