"""Rollouts, groups and jobs made by hand."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.job import JobStatus
from burnish.core.records import DEFAULT_PROJECT, Job
from burnish.core.rollout import Completion, Fault, Grade, Group, Item, Rollout, Sample, SampleKey, Source


def item(line: int = 1, **fields: Any) -> Item:
    messages = ({"role": "user", "content": f"question {line}"},)
    return Item(line, messages, (), {"messages": list(messages), **fields})


def rollout(
    reward: float | None,
    *,
    line: int = 1,
    sample: int = 0,
    tokens: int = 4,
    reasoning: int = 2,
    grade: Grade | None = None,
    ungraded: Fault | None = None,
) -> Rollout:
    key = SampleKey("ftjob-1", "train", 1, line, sample)
    completion = Completion(
        key=key,
        prompt_ids=array("q", [5, 6]),
        output_ids=array("q", range(10, 10 + tokens)),
        logprobs=array("d", [-1.0] * tokens),
        source=array("q", [Source.SAMPLED] * tokens),
        allowed_mass=array("d", [1.0] * tokens),
        constraint=None,
        temperature=1.0,
        policy_version=0,
        reasoning_tokens=reasoning,
        finish="stop",
    )
    if grade is None and ungraded is None:
        grade = Grade("check", "string_check", reward)
    return Rollout(key, item(line), (completion,), Sample("text", None), grade, ungraded, reward)


def group(rewards: Sequence[float | None], line: int = 1) -> Group:
    return Group(item(line), tuple(rollout(each, line=line, sample=index) for index, each in enumerate(rewards)))


def job(request: Mapping[str, Any] | None = None, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": "ftjob-1",
        "created_at": 1000,
        "status": JobStatus.VALIDATING_FILES,
        "model": "burnish-starter",
        "request": request or {},
        "seed": 7,
        "training_file": "file-train",
        "validation_file": "file-valid",
        "suffix": None,
        "metadata": None,
        "project": DEFAULT_PROJECT,
        "hyperparameters": {},
    }
    return Job(**(values | fields))


def spelt(completion: Completion) -> list[str]:
    """Texts of tokens: their ids."""
    return [str(each) for each in completion.output_ids]
