"""Grades a second by kind of grader, as ratios to `string_check` in the same run: `python -m benchmarks.graders`.

The answer has about 60 words, as much as its reference. Judges are made up and answer at once, so that only our own
part of asking them is measured; what a slow one does stands in `benchmarks/judges.py`.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from pydantic import TypeAdapter

from burnish.core.rollout import Item, Sample
from burnish.grade.build import Grader, build
from burnish.grade.tools import Tools
from burnish.sandbox.choice import Refusal, find
from burnish.sandbox.python_sandbox import PythonSandbox
from burnish.settings import Grading, Settings
from burnish.spec.chat import ChatChoice, ChatCompletion, ChatMessage, ChatRequest
from burnish.spec.grader import GraderSpec, TextMetric

Json = Any

SECONDS = 0.5
"""For each row."""
WORDS = (
    "the auditor found that backups are encrypted at rest with keys which the provider rotates every ninety days and"
)
REFERENCE = f"{WORDS} that {WORDS} nobody else may read them, says the policy's third section."
TEXT = f"As {WORDS} yes, {WORDS} no one but the owner reads them, as the third section of the policy says."
PAIR = {"input": "{{sample.output_text}}", "reference": "{{item.answer}}"}
CHECK = {"type": "string_check", "operation": "eq", **PAIR}
JUDGE = {"model": "judge", "input": [{"role": "user", "content": "Compare {{sample.output_text}} to {{item.answer}}."}]}


F1 = """
def grade(sample, item):
    said, wanted = set(sample["output_text"].lower().split()), set(item["answer"].lower().split())
    common = len(said & wanted)
    return 2 * common / (len(said) + len(wanted)) if common else 0.0
"""
SANDBOXES: tuple[Literal["unsafe-none", "bubblewrap", "sandlock"], ...] = ("unsafe-none", "bubblewrap", "sandlock")


class Row(NamedTuple):
    """A line of the table: a name and a grader."""

    name: str
    grader: Grader


class _Judge:
    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """Half a point, or the first label."""
        wanted = (request.response_format or {})["json_schema"]["schema"]["properties"]["result"]
        content = json.dumps({"steps": [], "result": wanted["enum"][0] if "enum" in wanted else 0.5})
        choice = ChatChoice(index=0, message=ChatMessage(content=content), finish_reason="stop")
        return ChatCompletion(id="chatcmpl-1", created=1, model=request.model, choices=[choice])


def plain_rows() -> Iterator[Row]:
    """The kinds that need no sandbox; the first is what the others are compared to."""
    tools = Tools(chat=_Judge())
    yield Row("string_check", _built(CHECK, tools))
    for metric in get_args(TextMetric):
        yield Row(metric, _built({"type": "text_similarity", "evaluation_metric": metric, **PAIR}, tools))
    yield Row("score_model", _built({"type": "score_model", **JUDGE}, tools))
    labels = {"labels": ["right", "wrong"], "passing_labels": ["right"]}
    yield Row("label_model", _built({"type": "label_model", **JUDGE, **labels}, tools))
    rouge = {"type": "text_similarity", "evaluation_metric": "rouge_1", **PAIR}
    multi = {"type": "multi", "graders": {"a": CHECK, "b": rouge}, "calculate_output": "0.5 * a + 0.5 * b"}
    yield Row("multi of 2", _built(multi, tools))


@contextmanager
def python_rows() -> "Iterator[list[Row]]":
    """A small F1 grader, without a sandbox and in each one that is here; one grade at a time."""
    with tempfile.TemporaryDirectory() as directory:
        boxes = {
            name: PythonSandbox(Settings(data_dir=Path(directory), grading=Grading(sandbox=name, concurrency=1)))
            for name in SANDBOXES
            if name == "unsafe-none" or not isinstance(find(name), Refusal)
        }
        try:
            spec = {"type": "python", "source": F1}
            yield [Row(f"python, {name}", _built(spec, Tools(sandbox=box))) for name, box in boxes.items()]
        finally:
            for box in boxes.values():
                box.close()


def _built(spec: Json, tools: Tools) -> Grader:
    return build(TypeAdapter[GraderSpec](GraderSpec).validate_python(spec), tools)


async def per_second(grader: Grader, seconds: float = SECONDS) -> float:
    """How many grades a grader gives in a second, one after the other."""
    item, sample = Item(1, (), (), {"answer": REFERENCE}), Sample(TEXT, None)
    first = await grader(item, sample)
    if first.faults:
        raise AssertionError(first.faults[0].detail)
    grades, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        for _ in range(10):
            await grader(item, sample)
        grades += 10
    return grades / (time.perf_counter() - started)


async def _print_table() -> None:
    with python_rows() as sandboxed:
        rates = {row.name: await per_second(row.grader) for row in [*plain_rows(), *sandboxed]}
    base = next(iter(rates.values()))
    print("| grader | grades a second | of string_check's |\n|---|---|---|")
    for name, rate in rates.items():
        print(f"| {name} | {rate:,.0f} | {rate / base:.2f} |")


def main() -> None:
    """Print the table."""
    asyncio.run(_print_table())


if __name__ == "__main__":
    main()
