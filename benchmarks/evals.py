"""A long run of an eval, killed in the middle: `python -m benchmarks.evals --rows 5000`.

Stored answers are judged by a python and a similarity criterion. After a third of them the evaluator is killed
(SIGKILL); the server starts another, which goes on. The exit code is 1 where an item is missing or there twice, one
that was written down before the kill was made again, a count is wrong, or an evaluator's memory grew.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

from benchmarks.longrun import Reading, children_of, faults_of, reading_of
from benchmarks.site import site

EVERY_S = 0.25
LENGTH = "def grade(sample, item):\n    return min(1.0, len(sample['output_text']) / len(item['answer']))"
CRITERIA = [
    {"type": "python", "name": "length", "source": LENGTH, "pass_threshold": 1.0},
    {
        "type": "text_similarity",
        "name": "alike",
        "input": "{{sample.output_text}}",
        "reference": "{{item.answer}}",
        "evaluation_metric": "fuzzy_match",
        "pass_threshold": 0.9,
    },
]
CONFIG = {
    "type": "custom",
    "item_schema": {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]},
    "include_sample_schema": True,
}


@dataclass(slots=True)
class Watch:
    """What was seen of a run while it went on."""

    readings: list[list[Reading]] = field(default_factory=list)
    """A list for each evaluator, in their order; a reading's step is the number of items done."""
    seconds: float = 0.0
    """In which an evaluator was at work."""
    judged: int = 0
    """Items in that time."""
    repeated: int = 0
    """Items that had been written down before the kill and were written again."""
    missing: int = 0
    passed: int = 0


def rows(number: int) -> bytes:
    """A file whose every second answer is right."""
    lines = []
    for row in range(number):
        answer = f"the answer to question {row} is {row * row}"
        sample = {"output_text": answer if row % 2 == 0 else answer[: len(answer) // 2]}
        lines.append(json.dumps({"item": {"answer": answer}, "sample": sample}))
    return "\n".join(lines).encode()


def run(directory: Path, number: int) -> Watch:
    """Judge that many rows."""
    watch = Watch()
    with (
        site(directory, workers=0) as there,
        openai.OpenAI(base_url=there.base_url, api_key="none") as api,
    ):
        file = api.files.create(file=("rows.jsonl", rows(number)), purpose="evals").id
        eval_ = api.evals.create(name="long", data_source_config=CONFIG, testing_criteria=CRITERIA)  # type: ignore[arg-type]
        source: Any = {"type": "jsonl", "source": {"type": "file_id", "id": file}}
        begun = api.evals.runs.create(eval_.id, data_source=source)

        def done() -> int:
            counts = api.evals.runs.retrieve(begun.id, eval_id=eval_.id).result_counts
            return counts.passed + counts.failed + counts.errored

        first = _follow(watch, there.server.pid, done, until=number // 3)
        os.kill(first, signal.SIGKILL)
        before = {item.id: item.created_at for item in _items(api, eval_.id, begun.id)}
        _follow(watch, there.server.pid, done, until=number)
        after = [(item.id, item.created_at) for item in _items(api, eval_.id, begun.id)]
        watch.repeated = len(after) - len(dict(after)) + sum(dict(after).get(key) != at for key, at in before.items())
        watch.missing = number - len(dict(after))
        watch.passed = api.evals.runs.retrieve(begun.id, eval_id=eval_.id).result_counts.passed
    return watch


def faults(watch: Watch, number: int) -> list[str]:
    """What is wrong."""
    found = []
    if watch.missing:
        found.append(f"{watch.missing} items are missing")
    if watch.repeated:
        found.append(f"{watch.repeated} items were done again")
    if watch.passed != (number + 1) // 2:
        found.append(f"{watch.passed} items passed, not {(number + 1) // 2}")
    return found + [fault for readings in watch.readings[-1:] for fault in faults_of("evaluator", readings)]


def table(watch: Watch, number: int) -> list[str]:
    """What was seen, in a few lines."""
    lines = [f"{watch.judged / watch.seconds:.0f} items a second, two criteria each, {number} rows"]
    for place, readings in enumerate(watch.readings, start=1):
        memory = [reading.memory_mib for reading in readings[1:] or readings]
        lines.append(
            f"evaluator {place}: items {readings[0].step} to {readings[-1].step}, "
            f"{min(memory):.0f} to {max(memory):.0f} MiB resident"
        )
    return lines


def _follow(watch: Watch, server: int, done: Callable[[], int], *, until: int) -> int:
    """Read the evaluator's memory until so many items are done; its process id."""
    before = done()
    while (at_first := done()) == before:
        time.sleep(0.01)
    began, evaluator = time.monotonic(), _evaluator(server)
    readings: list[Reading] = []
    while (items := done()) < until:
        if (reading := reading_of(evaluator, items)) is not None:
            readings.append(reading)
        time.sleep(EVERY_S)
    watch.seconds += time.monotonic() - began
    watch.judged += items - at_first
    watch.readings.append(readings)
    return evaluator


def _evaluator(server: int) -> int:
    """The process that carries runs out."""
    for child in children_of(server):
        if b"burnish.evals.process" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    raise RuntimeError("there is no evaluator; the server's log lies in the directory")


def _items(api: openai.OpenAI, eval_id: str, run_id: str) -> Sequence[Any]:
    return list(api.evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100))


def main() -> None:
    """Print what was seen, and what is wrong."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--rows", type=int, default=5000)
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        watch = run(Path(directory), given.rows)
    wrong = faults(watch, given.rows)
    print("\n".join([*table(watch, given.rows), *wrong]))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
