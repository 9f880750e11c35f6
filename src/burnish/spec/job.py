"""What POST /fine_tuning/jobs takes: strict, for a typo here costs a day of training."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from burnish.core.budget import PREFIX
from burnish.spec.base import Body, Spec
from burnish.spec.grader import GraderSpec
from burnish.spec.metadata import Metadata

Json = Any
Effort = Literal["default", "none", "minimal", "low", "medium", "high"]

SEED_MAX = 2**31 - 1


def _or_auto(value: Any) -> Any:
    """`null` is what typed clients send for "not set"."""
    return "auto" if value is None else value


def _or_default(value: Any) -> Any:
    return "default" if value is None else value


def _form(value: Any) -> str:
    return "auto" if isinstance(value, str) else "number"


# The discriminator makes every slip one error; a plain union would report one per member.
_Auto = Annotated[Literal["auto"], Tag("auto")]
_Pick = Discriminator(_form)
_Unset = BeforeValidator(_or_auto)


class Hyperparameters(Spec):
    """OpenAI's hyperparameters of reinforcement; "auto" is resolved by `work/plan.py`."""

    n_epochs: Annotated[_Auto | Annotated[int, Field(strict=True, ge=1, le=50), Tag("number")], _Pick, _Unset] = "auto"
    """Passes over the training rows."""
    batch_size: Annotated[_Auto | Annotated[int, Field(strict=True, ge=1, le=256), Tag("number")], _Pick, _Unset] = (
        "auto"
    )
    """Rows per step."""
    learning_rate_multiplier: Annotated[
        _Auto | Annotated[FiniteFloat, Field(strict=True, gt=0), Tag("number")], _Pick, _Unset
    ] = "auto"
    """Scales the built-in learning rate."""
    compute_multiplier: Annotated[
        _Auto | Annotated[FiniteFloat, Field(strict=True, gt=1e-5, le=10), Tag("number")], _Pick, _Unset
    ] = "auto"
    """Scales the answers per row."""
    eval_interval: Annotated[_Auto | Annotated[int, Field(strict=True, ge=1), Tag("number")], _Pick, _Unset] = "auto"
    """Steps between validation passes."""
    eval_samples: Annotated[_Auto | Annotated[int, Field(strict=True, ge=1), Tag("number")], _Pick, _Unset] = "auto"
    """Answers per validation row."""
    reasoning_effort: Annotated[Effort, BeforeValidator(_or_default)] = "default"
    """How long the model may think."""


class JsonSchema(Spec):
    """A named JSON schema, as chat completions take it."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    schema_: dict[str, Json] = Field(alias="schema")
    strict: bool | None = None
    description: str | None = None


class ResponseFormat(Spec):
    """Answers must be JSON of this schema. The flat shape of the Responses API is taken and becomes the chat shape."""

    type: Literal["json_schema"]
    json_schema: JsonSchema

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "json_schema" not in data and "schema" in data:
            rest = {name: value for name, value in data.items() if name != "type"}
            return {"type": data.get("type"), "json_schema": rest}
        return data


class TextFormat(Spec):
    """Answers are free text; the same as no format."""

    type: Literal["text"]


class Reinforcement(Spec):
    """The method's settings."""

    grader: GraderSpec
    hyperparameters: Annotated[Hyperparameters, BeforeValidator(lambda value: {} if value is None else value)] = (
        Hyperparameters()
    )
    response_format: Annotated[ResponseFormat | TextFormat, Field(discriminator="type")] | None = None

    @property
    def response_schema(self) -> dict[str, Json] | None:
        """The JSON schema that every answer must satisfy; None: free text."""
        if isinstance(self.response_format, ResponseFormat):
            return self.response_format.json_schema.schema_
        return None


def _only_reinforcement(value: Any) -> Any:
    if value in ("supervised", "dpo"):
        raise PydanticCustomError(
            "unsupported_value", "'{method}' is not supported here; use 'reinforcement'.", {"method": value}
        )
    return value


class Method(Spec):
    """How to train."""

    type: Annotated[Literal["reinforcement"], BeforeValidator(_only_reinforcement)]
    reinforcement: Reinforcement
    supervised: None = None
    dpo: None = None


class Wandb(Spec):
    """Where Weights & Biases shall show the run."""

    project: str = Field(min_length=1, max_length=128, pattern=r"^[^/\\#?%:]*$")
    """Weights & Biases forbids some characters in its name."""
    name: str | None = Field(default=None, min_length=1, max_length=128)
    """The run's; None: the job's id."""
    entity: str | None = Field(default=None, min_length=1, max_length=128)
    """The user or team; None: the key's own."""
    tags: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None = Field(default=None, max_length=50)


class Integration(Spec):
    """Another service that follows the job."""

    type: Literal["wandb"]
    wandb: Wandb


def _only_budgets(value: dict[str, str | None] | None) -> dict[str, str | None] | None:
    for key in value or {}:
        if not key.startswith(PREFIX):
            raise ValueError(
                f"'{key}' cannot be changed; a resume takes budgets ('{PREFIX}tokens', say), and no other key."
            )
    return value


class ResumeRequest(Body):
    """The body of POST /fine_tuning/jobs/{id}/resume; OpenAI's has none."""

    metadata: Annotated[dict[str, str | None] | None, AfterValidator(_only_budgets)] = None
    """The job's budgets from now on; null takes one away."""


def _refuse_hyperparameters(value: Any) -> Any:
    if value is not None:
        raise ValueError("it is for supervised jobs; put hyperparameters into 'method.reinforcement.hyperparameters'.")
    return value


class JobRequest(Body):
    """The body of POST /fine_tuning/jobs."""

    model: str = Field(min_length=1)
    training_file: str = Field(min_length=1)
    validation_file: str | None = None
    """Reinforcement needs one; the route says so, for OpenAI's schema allows null."""
    method: Method
    suffix: str | None = Field(default=None, min_length=1, max_length=64)
    seed: int | None = Field(default=None, strict=True, ge=0, le=SEED_MAX)
    metadata: Metadata = None
    integrations: tuple[Integration, ...] | None = Field(default=None, max_length=1)
    hyperparameters: Annotated[None, BeforeValidator(_refuse_hyperparameters)] = None
    """Deprecated by OpenAI, and never meant for reinforcement."""

    @property
    def reinforcement(self) -> Reinforcement:
        """The method's settings, without the way there."""
        return self.method.reinforcement

    def record(self) -> dict[str, Json]:
        """As JSON with all defaults filled in; `JobRequest.model_validate` takes it back."""
        return self.model_dump(mode="json", by_alias=True)
