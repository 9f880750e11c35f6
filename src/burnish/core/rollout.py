"""What flows through a step: Item -> Completion -> Sample -> Grade -> Rollout -> Group -> Example.

Token-aligned data are `array`s ('q' for ids, 'd' for log-probs, 'b' for flags): compact, ordered, no torch.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Literal

Json = Any
"""A value that `json.loads` can give."""

Phase = Literal["train", "valid"]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a dataset."""

    line: int
    """1-based line of the file; names the row in errors and in every `SampleKey`."""
    messages: tuple[Mapping[str, Json], ...]
    """The conversation, ending with the user's turn."""
    tools: tuple[Mapping[str, Json], ...]
    """Function tools in chat shape; empty where the row has none."""
    fields: Mapping[str, Json]
    """The whole row: what `{{ item.* }}` sees."""


@dataclass(frozen=True, slots=True, order=True)
class SampleKey:
    """Names a sample for ever: its order, its random numbers and its place in the journal hang on it."""

    job: str
    phase: Phase
    step: int
    """The optimizer step, from 1; 0 in every validation, so that all of them draw the same random numbers."""
    line: int
    sample: int
    """0-based within the group, counted on through a second round."""
    turn: int = 0


class Source(IntEnum):
    """Where a token of an answer came from."""

    SAMPLED = 0
    FORCED_GRAMMAR = 1
    """The only token that its constraint allowed: log-prob 0, no gradient."""
    FORCED_BUDGET = 2
    """Put in when the reasoning budget ran out: no gradient."""
    GIVEN = 3
    """A tool's or an environment's token."""


Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer as the trainer sees it."""

    key: SampleKey
    prompt_ids: "array[int]"
    output_ids: "array[int]"
    """Ends with the stop token if that was sampled."""
    logprobs: "array[float]"
    """Per output id: natural log under the distribution that was sampled from (temperature and mask included)."""
    source: "array[int]"
    """Per output id: a `Source`."""
    allowed_mass: "array[float]"
    """Per output id: the probability of all allowed tokens before masking, 0..1; 1 where nothing was masked
    or the token was not sampled."""
    constraint: str | None
    """Digest of the constraint in force; None where there was none."""
    temperature: float
    policy_version: int
    """How many optimizer steps the sampling weights had seen."""
    reasoning_tokens: int
    """How many of the output ids belong to the hidden reasoning."""
    finish: Finish


@dataclass(frozen=True, slots=True)
class Sample:
    """The same answer as a grader sees it."""

    text: str
    """The final answer, without hidden reasoning."""
    json: Json | None
    """The parsed answer where the job has a response format (or, in graders/run, where it is JSON); else None."""
    tool_calls: tuple[Mapping[str, Json], ...] = ()
    """Chat shape: id, type, function {name, arguments as a string}."""
    reasoning: str = ""
    finish: Finish = "stop"


class Fault(StrEnum):
    """Why a grade is missing or zero: the flags of OpenAI's `metadata.errors`."""

    FORMULA_PARSE = "formula_parse_error"
    SAMPLE_PARSE = "sample_parse_error"
    TRUNCATED = "truncated_observation_error"
    UNRESPONSIVE = "unresponsive_reward_error"
    INVALID_VARIABLE = "invalid_variable_error"
    OTHER = "other_error"
    PYTHON_SERVER = "python_grader_server_error"
    PYTHON_RUNTIME = "python_grader_runtime_error"
    MODEL_SERVER = "model_grader_server_error"
    MODEL_REFUSAL = "model_grader_refusal_error"
    MODEL_PARSE = "model_grader_parse_error"

    @property
    def is_ours(self) -> bool:
        """Whether a sandbox or judge failed us: then the rollout leaves its group instead of scoring 0."""
        return self in (Fault.PYTHON_SERVER, Fault.MODEL_SERVER)


@dataclass(frozen=True, slots=True)
class FaultNote:
    """One fault of one grader."""

    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens that a judge model used for one grade."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """Of the prompt's, those that the judge had read before."""

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


def total_usage(used: Iterable[Mapping[str, TokenUsage]]) -> dict[str, TokenUsage]:
    """The sum, judge by judge."""
    totals: dict[str, TokenUsage] = {}
    for judges in used:
        for model, tokens in judges.items():
            totals[model] = totals.get(model, TokenUsage(0, 0)) + tokens
    return totals


@dataclass(frozen=True, slots=True)
class Grade:
    """What a grader says of one sample."""

    name: str
    type: str
    """The grader's kind, as in its spec."""
    score: float | None
    """None only when a sandbox or a model failed us (`Fault.is_ours`), or the user's endpoint did (`OTHER`)."""
    faults: tuple[FaultNote, ...] = ()
    parts: Mapping[str, "Grade"] = field(default_factory=dict)
    """A multi grader's children by key."""
    usage: Mapping[str, TokenUsage] = field(default_factory=dict)
    """By judge model name as sent, summed over the children."""
    model: str | None = None
    """The judge model's name, where there is one."""
    seconds: float = 0.0
    """Wall time of this grade; a clock field."""
    sandbox_seconds: float = 0.0
    """Of it, what a python grader's sandbox was busy; a clock field. Parts have their own."""
    notes: tuple[str, ...] = ()
    """What whoever reads the score should know, though nothing failed."""
    said: str | None = None
    """What a judge answered, word for word."""

    @property
    def failed_us(self) -> bool:
        """Whether there is no score."""
        return self.score is None

    @property
    def leaves(self) -> "Iterator[Grade]":
        """Itself, or a multi grader's children."""
        if not self.parts:
            yield self
        for part in self.parts.values():
            yield from part.leaves


@dataclass(frozen=True, slots=True)
class Rollout:
    """One sampled and graded answer."""

    key: SampleKey
    item: Item
    turns: tuple[Completion, ...]
    sample: Sample
    grade: Grade | None
    """None where the answer was not graded because it was truncated, empty or unparsable (`ungraded`)."""
    ungraded: Fault | None
    reward: float | None
    """What the advantage is made of; None leaves the group."""


@dataclass(frozen=True, slots=True)
class Group:
    """The answers to one item."""

    item: Item
    rollouts: tuple[Rollout, ...]

    @property
    def counted(self) -> tuple[Rollout, ...]:
        """The rollouts that have a reward."""
        return tuple(rollout for rollout in self.rollouts if rollout.reward is not None)


@dataclass(frozen=True, slots=True)
class Example:
    """One self-contained sequence to learn from; every array is as long as `output_ids`."""

    key: SampleKey
    prompt_ids: "array[int]"
    output_ids: "array[int]"
    weight: "array[float]"
    """0 unless the token was SAMPLED from at least two allowed ones."""
    old_logp: "array[float]"
    advantage: "array[float]"
    ref_logp: "array[float] | None"
    constraint: str | None
    temperature: float
