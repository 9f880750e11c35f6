"""Conversations into prompt ids, and answers back into what a grader or a client sees."""

import hashlib
import json
import re
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2.exceptions import TemplateError

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Completion, Json, Sample, SampleKey
from burnish.policy.vocabulary import Vocabulary

_TOOL_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_TEXT_PARTS = ("text", "input_text", "output_text")
_PROBE = "burnish-probe"

_BUDGETS = {
    "none": (0.0, 0),
    "minimal": (1 / 64, 256),
    "low": (1 / 16, 1024),
    "medium": (1 / 4, 4096),
    "high": (1 / 2, 16384),
    "xhigh": (1 / 2, 32768),
    "max": (3 / 4, 65536),
}
"""Reasoning effort -> (share of the model's context, most tokens)."""


class Renderer:
    """One model's chat template, and the way back."""

    def __init__(
        self, tokenizer: Any, vocabulary: Vocabulary, context: int, *, most_reasoning: int | None = None
    ) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._context = context
        self._most_reasoning = context if most_reasoning is None else most_reasoning
        self._takes = {role: self._tolerates(role) for role in ("system", "developer")}

    def reasoning_budget(self, effort: str | None) -> int:
        """Most reasoning tokens of an answer at an effort; None and "default" are medium.

        none 0; minimal 1/64, low 1/16, medium 1/4, high and xhigh 1/2, max 3/4 of the context, and no more than 256,
        1,024, 4,096, 16,384, 32,768 and 65,536 tokens, nor than the base's recipe says. 0 at every effort where the
        model has no reasoning marks.
        """
        if self._vocabulary.end_think_id is None:
            return 0
        share, most = _BUDGETS[_named(effort)]
        return min(int(share * self._context), most, self._most_reasoning)

    def prompt(
        self, messages: Sequence[Mapping[str, Json]], tools: Sequence[Mapping[str, Json]], effort: str | None
    ) -> "array[int]":
        """The ids that the model continues. Raises `InvalidRequest` for what the template cannot express."""
        effort = _named(effort)
        text = self._apply(
            self._tolerated([_flat(index, message) for index, message in enumerate(messages)]),
            tools=[dict(tool) for tool in tools] or None,
            reasoning_effort=effort,
            enable_thinking=effort != "none",
        )
        return array("q", self._tokenizer.encode(text, add_special_tokens=False))

    def reply(self, completion: Completion, *, structured: bool = False) -> Sample:
        """The answer without reasoning, stop token and tool calls. `structured`: parse the text as JSON.

        Broken tool calls stay in the text. `json` is None where the text is not JSON.
        """
        cut = completion.reasoning_tokens
        answer_ids = [token for token in completion.output_ids[cut:] if token not in self._vocabulary.stop_ids]
        answer = self._tokenizer.decode(answer_ids, skip_special_tokens=False)
        reasoning = self._tokenizer.decode(list(completion.output_ids[:cut]), skip_special_tokens=False)
        text, calls = _tool_calls(answer, completion.key)
        parsed: Json = None
        if structured:
            try:
                parsed = json.loads(text)
            except ValueError:
                parsed = None
        return Sample(
            text=text,
            json=parsed,
            tool_calls=calls,
            reasoning=reasoning.removeprefix("<think>").removesuffix("</think>").strip(),
            finish=completion.finish,
        )

    def texts(self, completion: Completion) -> list[str]:
        """The text of each of its tokens, reasoning, marks and stop token included."""
        return self._vocabulary.texts(completion.output_ids)

    def _apply(self, messages: Sequence[Mapping[str, Json]], **variables: Any) -> str:
        if not self._tokenizer.chat_template:
            raise InvalidRequest("The model has no chat template, so it cannot be asked in messages.", param="model")
        try:
            text: str = self._tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True, **variables
            )
        except TemplateError as error:
            raise InvalidRequest(
                f"The model's chat template cannot express this conversation: {error}", param="messages"
            ) from error
        return text

    def _tolerates(self, role: str) -> bool:
        """Whether the template renders messages of this role: some drop them silently, some raise."""
        if not self._tokenizer.chat_template:
            return False
        try:
            return _PROBE in self._apply([{"role": role, "content": _PROBE}, {"role": "user", "content": "?"}])
        except InvalidRequest:
            return False

    def _tolerated(self, messages: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """Instructions in a role that the template has: developer, else system, else before the next user turn."""
        kept: list[dict[str, Json]] = []
        orphans: list[str] = []
        for message in messages:
            role = message["role"]
            if role in self._takes and not self._takes[role]:
                if not self._takes["system"]:
                    orphans.append(message["content"] or "")
                    continue
                message = message | {"role": "system"}
            elif role == "user" and orphans:
                message = message | {"content": "\n\n".join([*orphans, message["content"]])}
                orphans = []
            kept.append(message)
        return kept


def _named(effort: str | None) -> str:
    name = "medium" if effort in (None, "default") else str(effort)
    if name not in _BUDGETS:
        raise InvalidRequest(
            f"{name!r} is no reasoning effort; use one of {', '.join(_BUDGETS)}.", param="reasoning_effort"
        )
    return name


def _flat(index: int, message: Mapping[str, Json]) -> dict[str, Json]:
    """A message with its content parts joined to one text."""
    content = message.get("content")
    if not isinstance(message.get("role"), str):
        raise InvalidRequest("A message needs a role.", param=f"messages.{index}.role")
    if isinstance(content, list):
        texts: list[str] = []
        for place, part in enumerate(content):
            if not isinstance(part, Mapping) or part.get("type") not in _TEXT_PARTS:
                kind = part.get("type") if isinstance(part, Mapping) else part
                raise InvalidRequest(
                    f"Content of type {kind!r} is not supported: the base model reads text only.",
                    param=f"messages.{index}.content.{place}",
                )
            texts.append(part["text"])
        content = "".join(texts)
    elif content is not None and not isinstance(content, str):
        raise InvalidRequest("A message's content is a text or a list of parts.", param=f"messages.{index}.content")
    return dict(message) | {"content": content}


def _tool_calls(answer: str, key: SampleKey) -> tuple[str, tuple[Mapping[str, Json], ...]]:
    """The answer's text without its well-formed tool calls, and those in chat shape."""
    calls: list[Mapping[str, Json]] = []

    def lift(match: re.Match[str]) -> str:
        try:
            body = json.loads(match.group(1))
        except ValueError:
            return match.group(0)
        if not isinstance(body, dict) or not isinstance(body.get("name"), str):
            return match.group(0)
        arguments = body.get("arguments", {})
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        name = hashlib.blake2b(f"{key}|{len(calls)}".encode(), digest_size=12).hexdigest()
        calls.append({"id": f"call_{name}", "type": "function", "function": {"name": body["name"], "arguments": text}})
        return ""

    return _TOOL_CALL.sub(lift, answer).strip(), tuple(calls)
