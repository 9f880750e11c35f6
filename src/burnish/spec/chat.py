"""Chat completions: the request as far as we act on it, and the answer."""

from typing import Any, Literal

from pydantic import Field

from burnish.spec.base import Body, LenientSpec
from burnish.spec.metadata import Metadata

Json = Any
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max", "default"]


class StreamOptions(LenientSpec):
    """How to stream."""

    include_usage: bool = False


class ChatRequest(LenientSpec):
    """The body of POST /chat/completions. Messages and tools are checked by whoever renders them."""

    model: str
    messages: list[dict[str, Json]] = Field(min_length=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    n: int | None = Field(default=None, ge=1, le=128)
    seed: int | None = None
    stop: str | list[str] | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    response_format: dict[str, Json] | None = None
    tools: list[dict[str, Json]] | None = None
    tool_choice: str | dict[str, Json] | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: Effort | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: dict[str, float] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Json] | None = None
    functions: list[dict[str, Json]] | None = None
    store: bool | None = None
    metadata: Metadata = None
    user: str | None = None


class StoredChatUpdate(Body):
    """The body of POST /chat/completions/{id}."""

    metadata: Metadata


class ChatMessage(LenientSpec):
    """The assistant's turn."""

    role: Literal["assistant"] = "assistant"
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[dict[str, Json]] | None = None
    reasoning_content: str | None = None
    """As some endpoints show it. Ours does so to our server alone, which takes it out of answers to chat requests."""


class ChatChoice(LenientSpec):
    """One of the `n` answers."""

    index: int
    message: ChatMessage
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]
    logprobs: dict[str, Json] | None = None


class PromptDetails(LenientSpec):
    """Of the prompt's tokens."""

    cached_tokens: int = 0


class CompletionDetails(LenientSpec):
    """Of the completion's tokens."""

    reasoning_tokens: int = 0


class ChatUsage(LenientSpec):
    """Tokens of a request, over all its choices."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptDetails | None = PromptDetails()
    completion_tokens_details: CompletionDetails | None = CompletionDetails()


class ChatCompletion(LenientSpec):
    """The answer to a request that did not stream."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: ChatUsage | None = None
    system_fingerprint: str | None = None
