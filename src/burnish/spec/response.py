"""The Responses API: the request as far as we act on it."""

from typing import Any

from pydantic import Field

from burnish.spec.base import LenientSpec
from burnish.spec.chat import Effort
from burnish.spec.metadata import Metadata

Json = Any


class Reasoning(LenientSpec):
    """How long to reason, and whether the reasoning is told."""

    effort: Effort | None = None
    summary: str | None = None
    generate_summary: str | None = None
    """The older name of `summary`."""


class Text(LenientSpec):
    """What the text is to be."""

    format: dict[str, Json] | None = None
    verbosity: str | None = None


class ResponseRequest(LenientSpec):
    """The body of POST /responses. Items and tools are checked where they are turned into chat's."""

    model: str
    input: str | list[dict[str, Json]] = Field(default_factory=list)
    instructions: str | None = None
    previous_response_id: str | None = None
    reasoning: Reasoning | None = None
    text: Text | None = None
    tools: list[dict[str, Json]] | None = None
    tool_choice: str | dict[str, Json] | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    include: list[str] | None = None
    store: bool | None = None
    stream: bool | None = None
    background: bool | None = None
    metadata: Metadata = None
    truncation: str | None = None
    user: str | None = None
    conversation: Json = None
    prompt: Json = None

    @property
    def tells_reasoning(self) -> bool:
        """Whether a summary is wanted."""
        return self.reasoning is not None and (self.reasoning.summary or self.reasoning.generate_summary) is not None

    @property
    def tells_logprobs(self) -> bool:
        """Whether the text's log-probs are wanted."""
        return bool(self.top_logprobs) or "message.output_text.logprobs" in (self.include or ())
