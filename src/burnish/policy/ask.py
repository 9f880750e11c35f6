"""What a chat request asks of an engine; everything that we cannot do is refused here, by its name."""

import secrets
import time
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import SampleKey
from burnish.policy.load import Base
from burnish.policy.reading import Marks
from burnish.policy.roles import Calls, Request
from burnish.spec.chat import ChatRequest
from burnish.spec.conversation import check_messages, check_tools
from burnish.spec.schema import check_schema
from burnish.spec.tool_choice import must_call, offered
from burnish.spec.tool_grammar import call_grammar

Json = Any

MOST_TOKENS = 4096
"""Longest answer where the request sets no limit; no more than the context leaves."""
MOST_STOPS = 4
COLDEST = 1e-4
"""Temperatures below it are taken as 0, where two scores a hundredth apart would have odds of e^100."""


class Ask(NamedTuple):
    """One request to the engine per answer wanted, all with the same prompt."""

    requests: tuple[Request, ...]
    marks: Marks

    @property
    def prompt_ids(self) -> "array[int]":
        """The rendered conversation."""
        return self.requests[0].prompt_ids


def ask_of(request: ChatRequest, base: Base, effort: str, *, reasoning: bool = False) -> Ask:
    """Render and check a request; `effort` is that of requests that name none, `reasoning`: its text is wanted.

    Raises `InvalidRequest`, `param` naming the field. A limit beyond the context is lowered to what the context
    leaves, as clients written for larger models set it high. Without a seed, answers differ from call to call.
    """
    _refuse_what_is_missing(request)
    prompt_ids = prompt_of(request, base, effort)
    effort = _effort_of(request, effort)
    tools = offered(request)
    calls = _calls_of(request, tools, base)
    schema = _schema_of(request)
    most = _most_tokens(request, len(prompt_ids), base.context)
    # Rows wait in the order of their keys. The job's part orders them by arrival and changes no random number.
    arrival = f"chat-{time.monotonic_ns():020d}"
    seed = secrets.randbits(63) if request.seed is None else request.seed
    requests = tuple(
        Request(
            key=SampleKey(job=arrival, phase="valid", step=0, line=0, sample=sample),
            prompt_ids=prompt_ids,
            max_tokens=most,
            reasoning_tokens=_reasoning_tokens(base.renderer.reasoning_budget(effort), most),
            response_schema=schema,
            temperature=_temperature_of(request),
            seed=seed,
            calls=calls,
            top_p=1.0 if request.top_p is None else request.top_p,
            likeliest=request.top_logprobs or 0 if request.logprobs else None,
        )
        for sample in range(request.n or 1)
    )
    marks = Marks(_stops_of(request), bool(tools), request.parallel_tool_calls is not False, reasoning)
    return Ask(requests, marks)


def prompt_of(request: ChatRequest, base: Base, effort: str) -> "array[int]":
    """The ids that the model would continue, however many; `effort` is that of requests that name none.

    Raises `InvalidRequest` for messages and tools that cannot be rendered.
    """
    check_messages(request.messages)
    check_tools(request.tools)
    return base.renderer.prompt(request.messages, offered(request), _effort_of(request, effort))


def _effort_of(request: ChatRequest, effort: str) -> str:
    named = request.reasoning_effort
    return effort if named in (None, "default") else str(named)


def _refuse_what_is_missing(request: ChatRequest) -> None:
    if request.top_logprobs is not None and not request.logprobs:
        raise InvalidRequest("'top_logprobs' needs 'logprobs' to be true.", param="top_logprobs")
    for field in ("frequency_penalty", "presence_penalty", "logit_bias"):
        if getattr(request, field):
            raise _missing(field, "leave it out")
    if request.audio is not None or any(kind != "text" for kind in request.modalities or []):
        raise _missing("modalities", "the models here write text alone")
    if request.functions is not None:
        raise InvalidRequest("'functions' is deprecated: use 'tools'.", param="functions", code="unsupported_parameter")


def _missing(param: str, advice: str) -> InvalidRequest:
    return InvalidRequest(f"'{param}' is not supported; {advice}.", param=param, code="unsupported_parameter")


def _calls_of(request: ChatRequest, tools: Sequence[Mapping[str, Json]], base: Base) -> Calls | None:
    """The tool calls that an answer may hold; None where it has no tools, or the model no marks for calls."""
    if not tools:
        return None
    is_required = must_call(request)
    if base.vocabulary.call_id is None:
        if is_required:
            message = "This model has no marks for tool calls, so that none can be demanded of it; use 'auto'."
            raise InvalidRequest(message, param="tool_choice", code="unsupported_value")
        return None
    return Calls(call_grammar(tools), is_required, request.parallel_tool_calls is not False)


def _schema_of(request: ChatRequest) -> str | None:
    """The JSON schema, as text, that the answer must satisfy."""
    match request.response_format:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return check_schema({"type": "object"})
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return check_schema(schema, "response_format.json_schema.schema")
        case {"type": "json_schema"}:
            raise InvalidRequest(
                "'response_format.json_schema.schema' is missing.", param="response_format.json_schema.schema"
            )
        case _:
            raise InvalidRequest(
                "'response_format.type' must be 'text', 'json_object' or 'json_schema'.", param="response_format.type"
            )


def _temperature_of(request: ChatRequest) -> float:
    """Scores divided by next to nothing are no numbers; by then the likeliest token has all the probability."""
    temperature = 1.0 if request.temperature is None else request.temperature
    return temperature if temperature >= COLDEST else 0.0


def _stops_of(request: ChatRequest) -> tuple[str, ...]:
    stops = [request.stop] if isinstance(request.stop, str) else request.stop or []
    if len(stops) > MOST_STOPS or "" in stops:
        raise InvalidRequest(f"'stop' must be at most {MOST_STOPS} strings, none of them empty.", param="stop")
    return tuple(stops)


def _most_tokens(request: ChatRequest, prompt: int, context: int) -> int:
    room = context - prompt
    if room < 1:
        raise InvalidRequest(
            f"The messages have {prompt} tokens, which leaves no room for an answer in the model's context of "
            f"{context} tokens. Shorten the messages.",
            param="messages",
            code="context_length_exceeded",
        )
    return min(room, request.max_completion_tokens or request.max_tokens or MOST_TOKENS)


def _reasoning_tokens(budget: int, most: int) -> int:
    """The effort's budget; where the limit is too short for that, a power of two that leaves half for the answer.

    A power of two, because every budget is a constraint of its own, compiled once and kept.
    """
    if budget <= most // 2:
        return budget
    return 1 << (most // 2).bit_length() - 1 if most >= 2 else min(budget, 1)
