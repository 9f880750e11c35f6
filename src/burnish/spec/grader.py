"""Graders as a user may ask for them: one strict union, discriminated by `type`.

Every kind takes an optional `name` and `pass_threshold`; the threshold decides pass or fail in evals and never
touches the reward. Whether what a grader needs is there, `grade/build.py` says.
"""

import re
from collections.abc import Sized
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    ValidationInfo,
    field_validator,
)

from burnish.spec import formula
from burnish.spec.base import Spec
from burnish.spec.chat import Effort

MAX_SOURCE_BYTES = 256 * 1024
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OUR_HEADERS = {"host", "content-length", "content-type", "transfer-encoding", "connection"}

_Sized = TypeVar("_Sized", bound=Sized)


def _not_empty(value: _Sized) -> _Sized:
    # Not `min_length`: pydantic counts the valid members, so that one slip would give two errors.
    if not value:
        raise ValueError("there must be at least one.")
    return value


NotEmpty = AfterValidator(_not_empty)


class _AnyGrader(Spec):
    name: str | None = None
    pass_threshold: FiniteFloat | None = None
    """At which score a sample passes in an eval; no effect on the reward."""


def _unalias(value: Any) -> Any:
    return "ne" if value == "neq" else value


class StringCheckSpec(_AnyGrader):
    """1 if `input` stands in the relation to `reference`, else 0; both are templates."""

    type: Literal["string_check"]
    input: str
    reference: str
    operation: Annotated[Literal["eq", "ne", "like", "ilike"], BeforeValidator(_unalias)]
    """`like`: input contains reference; `ilike`: the same without regard to case. `neq` is taken for `ne`."""


TextMetric = Literal[
    "fuzzy_match",
    "bleu",
    "gleu",
    "meteor",
    "rouge_1",
    "rouge_2",
    "rouge_3",
    "rouge_4",
    "rouge_5",
    "rouge_l",
]
"""Computed from the texts alone."""
Metric = Literal[TextMetric, "cosine"]


class TextSimilaritySpec(_AnyGrader):
    """How alike `input` and `reference` are, 0..1; both are templates."""

    type: Literal["text_similarity"]
    input: str
    reference: str
    evaluation_metric: Metric


class TextPart(Spec):
    """Text of a judge's message; a template."""

    type: Literal["input_text", "output_text"]
    text: str


class ImagePart(Spec):
    """An image in a judge's message."""

    type: Literal["input_image"]
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["auto", "low", "high"] | None = None


class InputAudio(Spec):
    """Base64 sound."""

    data: str
    format: Literal["mp3", "wav"]


class AudioPart(Spec):
    """Sound in a judge's message."""

    type: Literal["input_audio"]
    input_audio: InputAudio


Part = Annotated[TextPart | ImagePart | AudioPart, Field(discriminator="type")]


def _content_form(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "parts"
    return "text" if isinstance(value, str) else "part"


Content = Annotated[
    Annotated[str, Tag("text")] | Annotated[Part, Tag("part")] | Annotated[tuple[Part, ...], NotEmpty, Tag("parts")],
    Discriminator(_content_form),
]


class JudgeMessage(Spec):
    """One message to a judge."""

    role: Literal["user", "assistant", "system", "developer"]
    type: Literal["message"] | None = None
    content: Content


class SamplingParams(Spec):
    """How a judge samples; what is missing is left to the judge."""

    seed: int | None = None
    top_p: float | None = Field(default=None, ge=0, le=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_completions_tokens: int | None = Field(default=None, ge=1)
    """With OpenAI's odd plural."""
    reasoning_effort: Effort | None = None


class _Judged(_AnyGrader):
    model: str = Field(min_length=1)
    input: Annotated[tuple[JudgeMessage, ...], NotEmpty]
    sampling_params: SamplingParams | None = None


class ScoreModelSpec(_Judged):
    """A judge model's number, clamped into `range` and not rescaled."""

    type: Literal["score_model"]
    range: tuple[FiniteFloat, FiniteFloat] | None = None
    """Lowest and highest score; none: 0 and 1."""

    @field_validator("range")
    @classmethod
    def _ascends(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] >= value[1]:
            raise ValueError(f"[{value[0]:g}, {value[1]:g}] does not ascend; write [lowest, highest].")
        return value

    @property
    def bounds(self) -> tuple[float, float]:
        """The range in force, lowest first."""
        return self.range or (0.0, 1.0)


class LabelModelSpec(_Judged):
    """1 if a judge model picks one of `passing_labels`, else 0."""

    type: Literal["label_model"]
    labels: Annotated[tuple[str, ...], NotEmpty]
    passing_labels: Annotated[tuple[str, ...], NotEmpty]

    @field_validator("passing_labels")
    @classmethod
    def _are_labels(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        unknown = sorted(set(value) - set(info.data.get("labels", value)))
        if unknown:
            raise ValueError(f"{', '.join(map(repr, unknown))} not among the labels.")
        return value


class PythonSpec(_AnyGrader):
    """What `grade(sample, item)` in `source` returns."""

    type: Literal["python"]
    source: str
    image_tag: str | None = None
    """Accepted and ignored: there is one image."""

    @field_validator("source")
    @classmethod
    def _is_small(cls, value: str) -> str:
        size = len(value.encode())
        if size >= MAX_SOURCE_BYTES:
            raise ValueError(f"the source has {size} bytes; it must have fewer than {MAX_SOURCE_BYTES}.")
        return value


class EndpointSpec(_AnyGrader):
    """What an HTTP endpoint answers."""

    type: Literal["endpoint"]
    url: str
    headers: dict[str, str] | None = None
    """Sent along; the values are masked wherever the grader is read back."""
    rate_limit: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Requests a second."""

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_one = False
        if not is_one or not value.isascii() or any(character <= " " for character in value):
            raise ValueError("write a whole address: https://host/path.")
        return value

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for name, content in (value or {}).items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OUR_HEADERS:
                raise ValueError(f"{name!r} is no header that can be set.")
            if not (content.isascii() and content.isprintable()):
                raise ValueError(f"the value of {name!r} is not printable ASCII.")
        return value


ChildSpec = Annotated[
    StringCheckSpec | TextSimilaritySpec | ScoreModelSpec | LabelModelSpec | PythonSpec | EndpointSpec,
    Field(discriminator="type"),
]
"""What may stand in a multi grader."""


def _by_key(value: Any) -> Any:
    """The map that `graders` is; a list becomes one, keyed by `name`."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        raise ValueError("this is one grader; write a map from keys to graders.")
    if not isinstance(value, list | tuple):
        return value
    keys = [each.get("name") if isinstance(each, dict) else getattr(each, "name", None) for each in value]
    if not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
        raise ValueError("graders in a list need names, each its own; or write a map from keys to graders.")
    return dict(zip(keys, value, strict=True))


class MultiSpec(_AnyGrader):
    """A formula over the scores of other graders."""

    type: Literal["multi"]
    graders: Annotated[dict[str, ChildSpec], BeforeValidator(_by_key), NotEmpty]
    calculate_output: str
    """See `spec/formula.py`; names are the keys of `graders`."""
    invalid_grade: FiniteFloat | None = None
    """The score where a grader or the formula failed; none: a failed grader counts 0 and the formula is used."""

    @field_validator("calculate_output")
    @classmethod
    def _can_be_calculated(cls, value: str, info: ValidationInfo) -> str:
        used = formula.names(formula.parse(value))
        known = info.data.get("graders", used)
        unknown = [name for name in used if name not in known]
        if unknown:
            raise ValueError(f"{', '.join(map(repr, unknown))} unknown; the graders are {', '.join(known)}.")
        return value


GraderSpec = Annotated[
    StringCheckSpec | TextSimilaritySpec | ScoreModelSpec | LabelModelSpec | PythonSpec | EndpointSpec | MultiSpec,
    Field(discriminator="type"),
]
"""Any grader."""
