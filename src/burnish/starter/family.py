"""What a task family of the starter model is: rows to train on, demonstrations to learn from, a grader and a format."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Any
"""A value that `json.loads` can give."""

Effort = Literal["none", "low", "medium", "high"]
EFFORTS: tuple[Effort, ...] = ("none", "low", "medium", "high")

CAREFUL_SHARE: Mapping[Effort, float] = {"none": 0.0, "low": 0.15, "medium": 0.35, "high": 0.85}
"""How often a demonstration works carefully, by the effort that its prompt asks for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a dataset, and what only its maker knows about it."""

    fields: Mapping[str, Json]
    """The row as OpenAI's files have it: `messages`, perhaps `tools`, and the fields that the grader reads."""
    key: str
    """Two rows that ask the same thing share it; the splits are made on it."""
    label: str
    """The class that `splits.rows` balances."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What `demonstrate` needs to know; never part of a file."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a function tool."""

    name: str
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One way to answer a row: not always the right one, for reinforcement needs something left to find."""

    reasoning: str
    answer: str
    careful: bool
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of task that the starter model has seen."""

    name: str
    labels: tuple[str, ...]
    """The classes that datasets balance."""
    hasty: tuple[str, ...]
    """The reasoning of demonstrations that did not work carefully; no reasoning counts as hasty too."""
    item: Callable[[random.Random], Row]
    demonstrate: Callable[[Row, random.Random, Effort], Demonstration]
    grader: Mapping[str, Json]
    response_format: Mapping[str, Json] | None
    """None where the answer is a tool call."""
    plausible: Callable[[Row], tuple[str, ...]] | None = None
    """Where only the grader knows what is right: the values of `explanation` that the model should keep trying."""
    shown: bool = True
    """Whether docs and demos train on it; the gate holds only these to its rule."""

    def is_careful(self, reasoning: str) -> bool:
        """Whether a trace works its answer out."""
        return reasoning.strip() not in ("", *self.hasty)


def compact(value: Json) -> str:
    """The JSON text that a strict schema's grammar forces: no spaces, keys in the schema's order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def strict_object(properties: Mapping[str, Json]) -> dict[str, Json]:
    """The schema of an object that has exactly these properties, in this order."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def strict_format(name: str, properties: Mapping[str, Json]) -> dict[str, Json]:
    """OpenAI's `response_format` for a strict object."""
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "strict": True, "schema": strict_object(properties)},
    }


def string_check(name: str, sample: str, item: str) -> dict[str, Json]:
    """A grader that gives 1 where the two templates render equal."""
    return {"type": "string_check", "name": name, "operation": "eq", "input": sample, "reference": item}


def rouge_1(name: str, sample: str, item: str) -> dict[str, Json]:
    """A grader that gives the F1 of shared words."""
    return {
        "type": "text_similarity",
        "name": name,
        "evaluation_metric": "rouge_1",
        "input": sample,
        "reference": item,
    }


def multi(calculate_output: str, *graders: Mapping[str, Json]) -> dict[str, Json]:
    """A grader that computes one score from several, each under its own name."""
    return {
        "type": "multi",
        "name": "score",
        "graders": {grader["name"]: dict(grader) for grader in graders},
        "calculate_output": calculate_output,
    }


def works_carefully(rng: random.Random, effort: Effort) -> bool:
    """Draw whether a demonstration at this effort is a careful one."""
    return rng.random() < CAREFUL_SHARE[effort]


def hasty_reasoning(rng: random.Random, effort: Effort, phrases: tuple[str, ...]) -> str:
    """What a hasty demonstration says before it answers."""
    return "" if effort == "none" else rng.choice(phrases)
