"""From a grader's spec to a grader."""

from typing import Protocol, assert_never

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Grade, Item, Sample
from burnish.grade.door import Door, Kind, Title
from burnish.grade.judge import Judge, check_parts
from burnish.grade.multi import Multi
from burnish.grade.score_model import ScoreModel
from burnish.grade.string_check import StringCheck
from burnish.grade.text_similarity import TextSimilarity, check_metric
from burnish.grade.tools import Tools
from burnish.spec.grader import (
    EndpointSpec,
    GraderSpec,
    LabelModelSpec,
    MultiSpec,
    PythonSpec,
    SamplingParams,
    ScoreModelSpec,
    StringCheckSpec,
    TextSimilaritySpec,
)


class Grader(Protocol):
    """Grades one answer. Never raises; what went wrong stands in the grade's faults."""

    async def __call__(self, item: Item, sample: Sample) -> Grade:
        """The grade; its score is None only when a sandbox or judge failed us."""
        ...


def build(spec: GraderSpec, tools: Tools, *, param: str = "grader") -> Grader:
    """The grader that a spec describes; `param` is where the spec stands in the request.

    Raises `InvalidRequest` for what this version cannot run: some kinds, metrics and content, and judges where
    the tools have no chat.
    """
    return _door(spec, tools, param, spec.type)


def _door(spec: GraderSpec, tools: Tools, param: str, name: str) -> Door:
    return Door(Title(spec.name or name, spec.type), _kind(spec, tools, param))


def _kind(spec: GraderSpec, tools: Tools, param: str) -> Kind:
    match spec:
        case StringCheckSpec():
            return StringCheck(spec)
        case TextSimilaritySpec():
            check_metric(spec.evaluation_metric, f"{param}.evaluation_metric")
            return TextSimilarity(spec)
        case ScoreModelSpec():
            return ScoreModel(_judge(spec, tools, param), *spec.bounds)
        case MultiSpec():
            children = {key: _door(child, tools, f"{param}.graders.{key}", key) for key, child in spec.graders.items()}
            return Multi(children, spec.calculate_output, spec.invalid_grade)
        case PythonSpec() | LabelModelSpec() | EndpointSpec():
            raise _unavailable(spec.type, param)
        case _:
            assert_never(spec)


def _judge(spec: ScoreModelSpec, tools: Tools, param: str) -> Judge:
    if tools.chat is None:
        raise InvalidRequest(f"There is no judge model here to answer for '{spec.model}'.", param=f"{param}.model")
    check_parts(spec.input, param)
    return Judge(spec.model, spec.input, spec.sampling_params or SamplingParams(), tools.chat, tools)


def _unavailable(kind: str, param: str) -> InvalidRequest:
    return InvalidRequest(
        f"Graders of type '{kind}' are not available in this version; "
        "use string_check, text_similarity, score_model or multi.",
        param=f"{param}.type",
    )
