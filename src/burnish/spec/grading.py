"""What graders/run and graders/validate take."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from burnish.spec.base import Body
from burnish.spec.grader import ChildSpec, GraderSpec, MultiSpec

Json = Any

MAX_SAMPLE_CHARACTERS = 1_000_000


class TriedMultiSpec(MultiSpec):
    """A multi grader whose formula may be none: running it says so with the fault `formula_parse_error`."""

    @field_validator("calculate_output")
    @classmethod
    def _can_be_calculated(cls, value: str, _info: ValidationInfo) -> str:
        return value


class GraderRun(Body):
    """The body of POST /fine_tuning/alpha/graders/run."""

    grader: Annotated[ChildSpec | TriedMultiSpec, Field(discriminator="type")]
    model_sample: str = Field(max_length=MAX_SAMPLE_CHARACTERS)
    """The answer to grade, as text; where it is JSON, `sample.output_json` is filled."""
    item: dict[str, Json] | None = None
    """The row of the dataset: what `{{ item.* }}` sees."""
    reference_answer: Json = None
    """Sent by older clients; ignored."""
    trace_id: Json = None
    """Sent by preview clients; ignored."""


class GraderValidation(Body):
    """The body of POST /fine_tuning/alpha/graders/validate."""

    grader: GraderSpec
