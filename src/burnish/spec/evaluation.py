"""What POST /evals and POST /evals/{id} take."""

from typing import Annotated, Any, Literal

from pydantic import Field

from burnish.spec.base import Body, Spec
from burnish.spec.grader import GraderSpec, NotEmpty
from burnish.spec.metadata import Metadata

Json = Any


class CustomConfig(Spec):
    """Items are rows of the caller's."""

    type: Literal["custom"]
    item_schema: dict[str, Json]
    """The JSON schema of each row."""
    include_sample_schema: bool = False
    """Whether criteria may refer to `sample`: an answer is sampled, or comes with the row."""


class LogsConfig(Spec):
    """Items are answers that were kept."""

    type: Literal["logs", "stored_completions"]
    """`stored_completions` is OpenAI's older name."""
    metadata: dict[str, Json] | None = None
    """The pairs that an answer must carry."""


DataSourceConfig = Annotated[CustomConfig | LogsConfig, Field(discriminator="type")]


class EvalRequest(Body):
    """The body of POST /evals."""

    name: str | None = Field(default=None, max_length=512)
    metadata: Metadata = None
    data_source_config: DataSourceConfig
    testing_criteria: Annotated[tuple[GraderSpec, ...], NotEmpty]
    """Graders of any kind; OpenAI takes no `multi` and no `endpoint`."""


class EvalUpdate(Body):
    """The body of POST /evals/{id}; what is left out stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=512)
    metadata: Metadata = None
