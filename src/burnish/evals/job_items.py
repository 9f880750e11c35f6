"""A run's items, wherever they lie: in their table, or, of a job's own runs, in the rollouts that each step wrote."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from burnish.core.evaluation import EvalItem, EvalRun, Verdict
from burnish.core.ids import derived_id
from burnish.core.rollout import Fault, FaultNote, Grade
from burnish.evals.criterion import Bar, verdict
from burnish.evals.rollouts import Rollouts
from burnish.store.blobs import Blobs
from burnish.store.store import Store

Json = Any


def items_of(run: EvalRun, store: Store, blobs: Blobs, wanted: Collection[int] | None = None) -> Iterator[EvalItem]:
    """A run's items by place, of the wanted rows alone where they are named.

    Raises `NotFound` where a job's answers have gone.
    """
    if run.step is None:
        yield from store.eval_items.walk(run.id, wanted)
        return
    made = store.evals.require(run.eval_id)
    assert made.job_id is not None and made.phase is not None
    rollouts = Rollouts(store.jobs.require(made.job_id), blobs)
    answers = enumerate(rollouts.of_step(run.step, made.phase))
    lines = {place: line for place, line in answers if wanted is None or line["line"] - 1 in wanted}
    rows = rollouts.rows({line["line"] for line in lines.values()}, made.phase)
    bar = Bar.of(made.testing_criteria[0])
    for place, line in lines.items():
        yield _item(run, place, line, rows.get(line["line"], {}), bar)


def _item(run: EvalRun, place: int, line: Mapping[str, Json], item: Mapping[str, Json], bar: Bar) -> EvalItem:
    judged = judgement(line, bar)
    message: dict[str, Json] = {"role": "assistant", "content": line["text"]}
    if line["tool_calls"]:
        message["tool_calls"] = line["tool_calls"]
    prompt, completion = line.get("prompt_tokens", 0), len(line["output_ids"])
    return EvalItem(
        id=derived_id("outputitem_", run.id, line["line"], line["sample"]),
        run_id=run.id,
        place=place,
        created_at=run.created_at,
        row=line["line"] - 1,
        status=judged.status,
        item=item,
        results=[judged.result],
        sample={
            "input": [],
            "output": [message],
            "finish_reason": line["finish"],
            "model": run.model,
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
                "cached_tokens": 0,
            },
            "error": None,
            "temperature": 1.0,
            "max_completion_tokens": None,
            "top_p": 1.0,
            "seed": None,
            "reasoning": line["reasoning"],
            "step": line["step"],
            "sample": line["sample"],
            "reward": line["reward"],
            "advantage": line["advantage"],
            "output_ids": line["output_ids"],
            "logprobs": line["logprobs"],
        },
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the criterion of a job's eval says of one answer."""

    result: Mapping[str, Json]
    status: Verdict


def judgement(line: Mapping[str, Json], bar: Bar) -> Judgement:
    """Of a line of a step's transcript. An answer that was not graded does not pass, whatever its reward."""
    if line["grade"] is None:
        note = FaultNote(Fault(line["ungraded"]), "The answer was not graded.")
        return Judgement(
            bar.result(Grade(bar.id, "", line["reward"], (note,))) | {"type": None, "passed": False}, "fail"
        )
    grade = _grade(line["grade"])
    result = bar.result(grade)
    return Judgement(result, verdict([result], [grade]))


def _grade(written: Mapping[str, Json]) -> Grade:
    """A grade as the transcript of a step holds it."""
    return Grade(
        name=written["name"],
        type=written["type"],
        score=written["score"],
        faults=tuple(FaultNote(Fault(note["fault"]), note["detail"]) for note in written["faults"]),
        parts={key: _grade(part) for key, part in written["parts"].items()},
        model=written.get("model"),
        said=written.get("said"),
    )
