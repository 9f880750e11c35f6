"""The templates of a grader and the judges it asks, read off its spec."""

from collections.abc import Iterator
from typing import NamedTuple, assert_never

from burnish.core.template import variables
from burnish.spec.grader import (
    AudioPart,
    EndpointSpec,
    GraderSpec,
    ImagePart,
    JudgeMessage,
    LabelModelSpec,
    MultiSpec,
    Part,
    PythonSpec,
    ScoreModelSpec,
    StringCheckSpec,
    TextPart,
    TextSimilaritySpec,
)


class Template(NamedTuple):
    """A template and where it stands."""

    where: str
    """Its path in the grader: `graders.style.input[0].content`."""
    text: str


def templates(spec: GraderSpec) -> Iterator[Template]:
    """Every template, children's included."""
    match spec:
        case StringCheckSpec() | TextSimilaritySpec():
            yield Template("input", spec.input)
            yield Template("reference", spec.reference)
        case ScoreModelSpec() | LabelModelSpec():
            for index, message in enumerate(spec.input):
                yield from _of_message(f"input[{index}].content", message)
        case MultiSpec():
            for key, child in spec.graders.items():
                for where, text in templates(child):
                    yield Template(f"graders.{key}.{where}", text)
        case PythonSpec() | EndpointSpec():
            return
        case _:
            assert_never(spec)


def judge_models(spec: GraderSpec) -> set[str]:
    """The names of the judge models that the grader asks."""
    match spec:
        case ScoreModelSpec() | LabelModelSpec():
            return {spec.model}
        case MultiSpec():
            return set().union(*(judge_models(child) for child in spec.graders.values()))
        case StringCheckSpec() | TextSimilaritySpec() | PythonSpec() | EndpointSpec():
            return set()
        case _:
            assert_never(spec)


def needs_json(spec: GraderSpec) -> bool:
    """Whether a template names `sample.output_json`, which only jobs with a response format have."""
    paths = (path for template in templates(spec) for path in variables(template.text))
    return any(path.replace("[", ".").split(".")[:2] == ["sample", "output_json"] for path in paths)


def _of_message(where: str, message: JudgeMessage) -> Iterator[Template]:
    content = message.content
    if isinstance(content, str):
        yield Template(where, content)
    elif isinstance(content, tuple):
        for index, part in enumerate(content):
            yield from _of_part(f"{where}[{index}]", part)
    else:
        yield from _of_part(where, content)


def _of_part(where: str, part: Part) -> Iterator[Template]:
    match part:
        case TextPart():
            yield Template(f"{where}.text", part.text)
        case ImagePart():
            if part.image_url is not None:
                yield Template(f"{where}.image_url", part.image_url)
        case AudioPart():
            yield Template(f"{where}.input_audio.data", part.input_audio.data)
        case _:
            assert_never(part)
