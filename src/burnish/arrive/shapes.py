"""Objects of OpenAI's API as other servers send them: what is needed of them, and whatever else is let be."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from burnish.core.errors import NotGiven

Json = Any
T = TypeVar("T", bound=BaseModel)


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


def _or_none(value: Any) -> Any:
    """Some objects of the API have `{}` where others have null."""
    return value or None


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$")]
"""It becomes part of a path, and of addresses."""
Count = Annotated[int, Field(ge=0), BeforeValidator(lambda value: 0 if value is None else value)]
Free = Annotated[dict[str, Json], BeforeValidator(_or_empty)]
Metadata = Annotated[dict[str, str] | None, BeforeValidator(_or_none)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True, protected_namespaces=())


class File(_Shape):
    """A `file`."""

    id: Id
    created_at: int
    filename: str
    purpose: str
    expires_at: int | None = None


class Error(_Shape):
    """Why a job or run failed."""

    code: str | None = None
    message: str | None = None
    param: str | None = None


class Job(_Shape):
    """A `fine_tuning.job`."""

    id: Id
    created_at: int
    finished_at: int | None = None
    status: str
    model: str
    training_file: str
    validation_file: str | None = None
    method: Free = Field(default_factory=dict)
    user_provided_suffix: str | None = None
    seed: Count = 0
    metadata: Metadata = None
    integrations: list[dict[str, Json]] | None = None
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    error: Error | None = None
    result_files: list[str] = []
    usage_metrics: Json = None
    eval_id: str | None = None
    train_eval_id: str | None = None


class Event(_Shape):
    """A `fine_tuning.job.event`."""

    id: Id
    created_at: int
    level: str = "info"
    message: str
    type: Annotated[str, BeforeValidator(lambda value: value or "message")] = "message"
    data: dict[str, Json] | None = None


class Checkpoint(_Shape):
    """A `fine_tuning.job.checkpoint`."""

    id: Id
    created_at: int
    fine_tuned_model_checkpoint: str
    step_number: int
    metrics: Free = Field(default_factory=dict)


class Eval(_Shape):
    """An `eval`."""

    id: Id
    created_at: int
    updated_at: int | None = None
    name: str | None = None
    data_source_config: dict[str, Json]
    testing_criteria: list[dict[str, Json]]
    metadata: Metadata = None
    fine_tuning_job_id: str | None = None
    phase: str | None = None


class Counts(_Shape):
    """How many items of a run came to what."""

    total: Count = 0
    passed: Count = 0
    failed: Count = 0
    errored: Count = 0


class CriterionCounts(_Shape):
    """The same of one criterion."""

    testing_criteria: str
    passed: Count = 0
    failed: Count = 0


class Usage(_Shape):
    """What was asked of one model."""

    model_name: str
    invocation_count: Count = 0
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    cached_tokens: Count = 0


class Run(_Shape):
    """An `eval.run`."""

    id: Id
    created_at: int
    started_at: int | None = None
    finished_at: int | None = None
    name: str | None = None
    status: str
    model: str | None = None
    data_source: Free
    metadata: Metadata = None
    result_counts: Counts | None = None
    per_model_usage: list[Usage] | None = None
    per_testing_criteria_results: list[CriterionCounts] | None = None
    error: Annotated[Error | None, BeforeValidator(_or_none)] = None


class Item(_Shape):
    """An `eval.run.output_item`."""

    id: Id
    created_at: int
    status: str
    datasource_item_id: int | None = None
    datasource_item: Free
    results: list[dict[str, Json]] | None = None
    sample: Free = Field(default_factory=dict)


def read(shape: type[T], body: Json) -> T:
    """A body as a shape. Raises `NotGiven` that names the field."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise NotGiven(f"The source sent no {shape.__name__.lower()}: '{field}': {first['msg']}.") from error
