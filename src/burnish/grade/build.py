"""From a grader's spec to a grader."""

from typing import Protocol, assert_never

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Grade, Item, Sample
from burnish.grade.cosine import Cosine
from burnish.grade.door import Door, Kind, Title
from burnish.grade.endpoint import endpoint_of
from burnish.grade.judge import Judge, check_images
from burnish.grade.label_model import LabelModel
from burnish.grade.multi import Multi
from burnish.grade.python import Python
from burnish.grade.score_model import ScoreModel
from burnish.grade.string_check import StringCheck
from burnish.grade.text_similarity import TextSimilarity
from burnish.grade.tools import Sandbox, Tools
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
        """The grade; its score is None only when a sandbox, a model or an endpoint failed us."""
        ...


def build(spec: GraderSpec, tools: Tools, *, param: str = "grader") -> Grader:
    """The grader that a spec describes; `param` is where the spec stands in the request.

    Raises `InvalidRequest` for what cannot run: where the tools lack what a grader needs, and for images by file id.
    """
    return _door(spec, tools, param, spec.type)


def _door(spec: GraderSpec, tools: Tools, param: str, name: str) -> Door:
    asking = None if isinstance(spec, MultiSpec) else tools.asking
    return Door(Title(spec.name or name, spec.type), _kind(spec, tools, param), asking)


def _kind(spec: GraderSpec, tools: Tools, param: str) -> Kind:
    match spec:
        case StringCheckSpec():
            return StringCheck(spec)
        case TextSimilaritySpec():
            return _similarity(spec, tools, param)
        case ScoreModelSpec():
            return ScoreModel(_judge(spec, tools, param), *spec.bounds)
        case LabelModelSpec():
            return LabelModel(_judge(spec, tools, param), spec.labels, spec.passing_labels)
        case EndpointSpec():
            if tools.poster is None:
                raise InvalidRequest("Nothing here can reach a grader's endpoint.", param=f"{param}.type")
            return endpoint_of(spec, tools.poster, tools.sleep)
        case MultiSpec():
            children = {key: _door(child, tools, f"{param}.graders.{key}", key) for key, child in spec.graders.items()}
            return Multi(children, spec.calculate_output, spec.invalid_grade)
        case PythonSpec():
            return Python(spec.source, _sandbox(tools, param), tools.sleep)
        case _:
            assert_never(spec)


def _similarity(spec: TextSimilaritySpec, tools: Tools, param: str) -> Kind:
    if spec.evaluation_metric != "cosine":
        return TextSimilarity(spec, spec.evaluation_metric, tools.thesaurus)
    if tools.embedder is None:
        raise InvalidRequest(
            "The metric 'cosine' needs an embedding model: give 'text-embedding-3-large' an entry in models.remote, or "
            "in models.embedders (served by the inference process, which `burnish serve` starts and infer_url names), "
            "or let grading.embedder name another one.",
            param=f"{param}.evaluation_metric",
        )
    return Cosine(spec, tools.embedder)


def _judge(spec: ScoreModelSpec | LabelModelSpec, tools: Tools, param: str) -> Judge:
    if tools.chat is None:
        raise InvalidRequest(f"There is no judge model here to answer for '{spec.model}'.", param=f"{param}.model")
    check_images(spec.input, param)
    return Judge(spec.model, spec.input, spec.sampling_params or SamplingParams(), tools.chat)


def _sandbox(tools: Tools, param: str) -> Sandbox:
    if tools.sandbox is None:
        raise InvalidRequest("There is no sandbox here to run python graders in.", param=f"{param}.type")
    if (reason := tools.sandbox.refusal()) is not None:
        raise InvalidRequest(reason, param=f"{param}.type")
    return tools.sandbox
