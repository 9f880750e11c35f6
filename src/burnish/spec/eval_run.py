"""What POST /evals/{id}/runs takes: where items come from, how a model is asked, and how often."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field

from burnish.spec.base import Body, Spec
from burnish.spec.chat import Effort
from burnish.spec.grader import JudgeMessage, NotEmpty
from burnish.spec.job import SEED_MAX
from burnish.spec.metadata import Metadata

Json = Any
MOST_SAMPLES = 128


class ContentRow(Spec):
    """A row, and the answer to it where there is one already."""

    item: dict[str, Json]
    sample: dict[str, Json] | None = None


class FileContent(Spec):
    """Rows within the request."""

    type: Literal["file_content"]
    content: Annotated[tuple[ContentRow, ...], NotEmpty]


class FileId(Spec):
    """Rows of a file: lines `{"item": {...}}`, with a `sample` or without, or the items themselves."""

    type: Literal["file_id"]
    id: str = Field(min_length=1)


class StoredCompletions(Spec):
    """Chat completions that were kept."""

    type: Literal["stored_completions"]
    metadata: dict[str, str] | None = None
    model: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    limit: int | None = Field(default=None, ge=1)


class StoredResponses(Spec):
    """Responses that were kept."""

    type: Literal["responses"]
    metadata: dict[str, str] | None = None
    model: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    instructions_search: str | None = None
    reasoning_effort: Effort | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: tuple[str, ...] | None = None
    users: tuple[str, ...] | None = None


class StoredRun(Spec):
    """Items and answers of another run, to be graded anew; an extension."""

    type: Literal["eval_run"]
    id: str = Field(min_length=1)


class Template(Spec):
    """Messages with variables of `item`, which each row fills in."""

    type: Literal["template"]
    template: Annotated[tuple[JudgeMessage, ...], NotEmpty]


class ItemReference(Spec):
    """Messages that each row holds."""

    type: Literal["item_reference"]
    item_reference: str = Field(min_length=1)
    """Where: `item.messages`, say."""


InputMessages = Annotated[Template | ItemReference, Field(discriminator="type")]


class _Params(Spec):
    temperature: float = Field(default=1.0, ge=0, le=2)
    top_p: float = Field(default=1.0, ge=0, le=1)
    seed: int = Field(default=42, ge=0, le=SEED_MAX)
    max_completion_tokens: int | None = Field(
        default=None, ge=1, validation_alias=AliasChoices("max_completion_tokens", "max_completions_tokens")
    )
    """With OpenAI's odd plural, too, which its own runs show."""
    reasoning_effort: Effort | None = None


class CompletionsParams(_Params):
    """How answers are sampled, in chat's terms."""

    response_format: dict[str, Json] | None = None
    tools: list[dict[str, Json]] | None = None


class Text(Spec):
    """What the text is to be."""

    format: dict[str, Json] | None = None


class ResponsesParams(_Params):
    """How answers are sampled, in responses' terms."""

    text: Text | None = None
    tools: list[dict[str, Json]] | None = None


class JsonlSource(Spec):
    """Answers that are there already."""

    type: Literal["jsonl"]
    source: Annotated[FileContent | FileId | StoredRun, Field(discriminator="type")]


class _Sampling(Spec):
    input_messages: InputMessages | None = None
    model: str | None = Field(default=None, min_length=1)
    samples: int = Field(default=1, ge=1, le=MOST_SAMPLES)
    """Answers per row, each an item; an extension."""
    best_of: int = Field(default=1, ge=1, le=MOST_SAMPLES)
    """Of so many answers the one that the criteria score highest is the item's; an extension."""


class CompletionsSource(_Sampling):
    """Answers that a model gives to chat messages."""

    type: Literal["completions"]
    source: Annotated[FileContent | FileId | StoredCompletions, Field(discriminator="type")]
    sampling_params: CompletionsParams | None = None


class ResponsesSource(_Sampling):
    """The same in the terms of responses."""

    type: Literal["responses"]
    source: Annotated[FileContent | FileId | StoredResponses, Field(discriminator="type")]
    sampling_params: ResponsesParams | None = None


DataSource = Annotated[JsonlSource | CompletionsSource | ResponsesSource, Field(discriminator="type")]


class RunRequest(Body):
    """The body of POST /evals/{id}/runs."""

    name: str | None = Field(default=None, max_length=512)
    metadata: Metadata = None
    data_source: DataSource
