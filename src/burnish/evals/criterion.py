"""A testing criterion: a grader with a threshold."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from burnish.core.errors import InvalidRequest
from burnish.core.evaluation import ModelUse, Verdict
from burnish.core.rollout import Grade, Item, Sample
from burnish.grade.build import Grader, build
from burnish.grade.flags import all_faults
from burnish.grade.span import Span, span
from burnish.grade.tools import Tools
from burnish.spec.grader import GraderSpec

Json = Any
_SPEC: TypeAdapter[GraderSpec] = TypeAdapter(GraderSpec)


@dataclass(frozen=True, slots=True)
class Bar:
    """When a score passes."""

    id: str
    span: Span
    threshold: float

    @classmethod
    def of(cls, stored: Mapping[str, Json]) -> Self:
        """Of a stored criterion. Without a `pass_threshold`, it lies in the middle of what the grader can give."""
        spec = spec_of(stored)
        low, high = span(spec)
        given = spec.pass_threshold
        return cls(stored["id"], Span(low, high), (low + high) / 2 if given is None else given)

    def result(self, grade: Grade) -> dict[str, Json]:
        """A result in OpenAI's shape. A score at the threshold passes; one that is missing does not.

        `errors` and `parts` are extensions: what went wrong, and a multi grader's children.
        """
        shown = self._shown(grade, self.id)
        return shown | {"parts": {key: self._shown(part, key) for key, part in grade.parts.items()}}

    def _shown(self, grade: Grade, name: str) -> dict[str, Json]:
        score = grade.score
        return {
            "name": name,
            "type": grade.type,
            "score": 0.0 if score is None else score,
            "passed": score is not None and score >= self.threshold,
            "sample": _judge_sample(grade),
            "errors": [{"fault": note.fault.value, "detail": note.detail} for note in all_faults(grade)],
        }

    def share(self, score: float) -> float:
        """Where a score lies in the span: 0 at its low end, 1 at its high end."""
        width = self.span.high - self.span.low
        return (score - self.span.low) / width if width > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion that is ready to judge answers."""

    bar: Bar
    grader: Grader

    @classmethod
    def of(cls, stored: Mapping[str, Json], tools: Tools) -> Self:
        """Raises `InvalidRequest` where the tools lack what its grader needs."""
        return cls(Bar.of(stored), build(spec_of(stored), tools, param=f"testing_criteria '{stored['id']}'"))


@dataclass(frozen=True, slots=True)
class Judged:
    """What all criteria say of one answer."""

    results: tuple[Mapping[str, Json], ...]
    status: Verdict
    share: float
    """The mean of the scores, each on its own span: what answers are ranked by."""
    usage: Mapping[str, ModelUse]
    """Of the judges that were asked."""


async def judge(criteria: Sequence[Criterion], item: Item, sample: Sample) -> Judged:
    """Ask all criteria at once. An item passes if all are passed; one that a judge or sandbox failed is an error."""
    grades = await asyncio.gather(*(criterion.grader(item, sample) for criterion in criteria))
    pairs = list(zip(criteria, grades, strict=True))
    results = tuple(criterion.bar.result(grade) for criterion, grade in pairs)
    shares = [criterion.bar.share(grade.score) for criterion, grade in pairs if grade.score is not None]
    usage: dict[str, ModelUse] = {}
    for leaf in (leaf for grade in grades for leaf in grade.leaves):
        for model, tokens in leaf.usage.items():
            usage[model] = usage.get(model, ModelUse()) + ModelUse(1, tokens)
    return Judged(results, verdict(results, grades), sum(shares) / len(pairs), usage)


def verdict(results: Sequence[Mapping[str, Json]], grades: Sequence[Grade]) -> Verdict:
    """Of an item, from its results and the grades that they came from."""
    if any(grade.failed_us for grade in grades):
        return "error"
    return "pass" if all(result["passed"] for result in results) else "fail"


def spec_of(stored: Mapping[str, Json]) -> GraderSpec:
    """The grader of a stored criterion. Raises `InvalidRequest` for one that came from elsewhere and is none here."""
    try:
        return _SPEC.validate_python({key: value for key, value in stored.items() if key != "id"})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidRequest(
            f"The criterion '{stored['id']}' does not run here: '{'.'.join(map(str, first['loc']))}': {first['msg']}.",
            param="testing_criteria",
            code="invalid_value",
        ) from error


def _judge_sample(grade: Grade) -> dict[str, Json] | None:
    """What the judge said, in the shape of an item's sample."""
    if grade.said is None:
        return None
    used = [
        {"model": model, "prompt_tokens": each.prompt_tokens, "completion_tokens": each.completion_tokens}
        for model, each in grade.usage.items()
    ]
    return {"model": grade.model, "output": [{"role": "assistant", "content": grade.said}], "usage": used}
