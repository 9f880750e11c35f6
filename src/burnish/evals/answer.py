"""An answer to a row: as graders see it, and as an item shows it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.core.evaluation import ModelUse
from burnish.core.rollout import Finish, Sample, TokenUsage
from burnish.grade.answer import sample_of
from burnish.grade.judge import usage_of
from burnish.spec.chat import ChatCompletion, ChatRequest

Json = Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, sampled or given."""

    sample: Sample
    shown: Mapping[str, Json]
    """OpenAI's shape of an item's sample."""
    use: ModelUse


def given(sample: Mapping[str, Json] | None) -> Answer:
    """An answer that came with its row: `output_text`, or messages under `output` or `choices`; else an empty one."""
    sample = sample or {}
    text, calls = _said(sample)
    read = sample_of(text, calls)
    if "output_json" in sample:
        read = dataclasses.replace(read, json=sample["output_json"])
    usage = sample.get("usage")
    used = usage if isinstance(usage, Mapping) else None
    shown = _shown(read, [], model=sample.get("model"), finish=sample.get("finish_reason"), usage=used)
    kept = {key: sample[key] for key in ("reasoning", "advantage", "reward") if key in sample}
    return Answer(read, shown | kept, ModelUse())


def sampled(request: ChatRequest, completion: ChatCompletion, seconds: float) -> Answer:
    """An answer that a model gave."""
    choice = completion.choices[0]
    message = choice.message
    finish: Finish = "length" if choice.finish_reason == "length" else "stop"
    read = dataclasses.replace(
        sample_of(message.content or "", message.tool_calls or ()),
        reasoning=message.reasoning_content or "",
        finish=finish,
    )
    tokens = usage_of(completion)
    shown = _shown(
        read, request.messages, model=request.model, finish=choice.finish_reason, usage=_usage(tokens), request=request
    )
    return Answer(read, {**shown, "reasoning": read.reasoning, "seconds": seconds}, ModelUse(1, tokens))


def failed(request: ChatRequest | None, model: str | None, code: str, message: str) -> dict[str, Json]:
    """The sample of an item whose question got no answer."""
    asked = request.messages if request is not None else []
    nothing = Sample(text="", json=None)
    shown = _shown(nothing, asked, model=model, finish=None, usage=None, request=request)
    return {**shown, "output": [], "error": {"code": code, "message": message}}


def _shown(
    read: Sample,
    asked: Sequence[Mapping[str, Json]],
    *,
    model: str | None,
    finish: str | None,
    usage: Mapping[str, Json] | None,
    request: ChatRequest | None = None,
) -> dict[str, Json]:
    message: dict[str, Json] = {"role": "assistant", "content": read.text}
    if read.tool_calls:
        message["tool_calls"] = list(read.tool_calls)
    return {
        "input": [{"role": each.get("role"), "content": _text(each.get("content"))} for each in asked],
        "output": [message],
        "finish_reason": finish,
        "model": model,
        "usage": dict(usage) if usage is not None else None,
        "error": None,
        "temperature": request.temperature if request else None,
        "max_completion_tokens": request.max_completion_tokens if request else None,
        "top_p": request.top_p if request else None,
        "seed": request.seed if request else None,
    }


def _usage(tokens: TokenUsage) -> dict[str, int]:
    return {
        "total_tokens": tokens.prompt_tokens + tokens.completion_tokens,
        "completion_tokens": tokens.completion_tokens,
        "prompt_tokens": tokens.prompt_tokens,
        "cached_tokens": tokens.cached_tokens,
    }


def _said(sample: Mapping[str, Json]) -> tuple[str, Sequence[Mapping[str, Json]]]:
    if "output_text" in sample:
        calls = sample.get("output_tools")
        return _text(sample["output_text"]), calls if isinstance(calls, list) else ()
    message = _message(sample)
    calls = message.get("tool_calls")
    return _text(message.get("content")), calls if isinstance(calls, list) else ()


def _message(sample: Mapping[str, Json]) -> Mapping[str, Json]:
    """The last message of an item's sample, or the first choice of a chat completion."""
    output, choices = sample.get("output"), sample.get("choices")
    found = None
    if isinstance(output, list) and output:
        found = output[-1]
    elif isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        found = choices[0].get("message")
    return found if isinstance(found, Mapping) else {}


def _text(content: Json) -> str:
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""
