"""A vLLM server in the place of our own engine: base, tuned and checkpoint models, adapters loaded when asked for.

The server is started with LoRA and runtime loading on (https://docs.vllm.ai/en/latest/features/lora/). What it
answers is shown as our own engine would: no reasoning in what chat requests get, and no fields of its own.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import Any

import httpx2

from burnish.remote.chat import RemoteChat
from burnish.remote.endpoint import NotThere
from burnish.remote.vllm_adapters import VllmAdapters
from burnish.settings import Vllm
from burnish.spec.served import Served

Json = Any

_OURS = ("store", "metadata")
"""Fields that end at our server."""
_KEPT = ("id", "object", "created", "model", "choices", "usage", "system_fingerprint")
_END_OF_REASONING = "</think>"


@dataclass(frozen=True, slots=True)
class VllmServer:
    """One server, for one base. Lives in one event loop."""

    settings: Vllm
    base: str
    adapters: VllmAdapters
    client: httpx2.AsyncClient

    def chat(self, name: str, served: Served) -> "VllmChat":
        """The model of this name; `served` is a base or an adapter."""
        return VllmChat(self, name, served)

    async def aclose(self) -> None:
        """Close the connections. What is loaded stays loaded."""
        await self.client.aclose()


class VllmChat(RemoteChat):
    """One model behind a vLLM server."""

    def __init__(self, server: VllmServer, name: str, served: Served) -> None:
        there = (server.settings.model or server.base) if served.blob is None else server.adapters.name_of(served.blob)
        super().__init__(server.settings.model_copy(update={"model": there}), name, client=server.client)
        self._adapters = server.adapters
        self._served = served

    async def forward(self, body: Mapping[str, Json], path: str = "/chat/completions") -> dict[str, Json]:
        """Raises like `RemoteChat.forward`."""
        sent, effort = self._sent(body)
        async with self._loaded():
            try:
                answer = await super().forward(sent, path)
            except NotThere as error:
                await self._load_again(error)
                answer = await super().forward(sent, path)
        if "choices" not in answer:
            return answer
        choices = [self._choice(choice, effort) for choice in answer["choices"]]
        return {key: answer.get(key) for key in _KEPT} | {"choices": choices}

    async def stream(self, body: Mapping[str, Json]) -> AsyncGenerator[dict[str, Json], None]:
        """Raises like `RemoteChat.stream`."""
        sent, effort = self._sent(body)
        async with self._loaded():
            chunks = super().stream(sent)
            try:
                first = await anext(chunks, None)
            except NotThere as error:
                await self._load_again(error)
                chunks = super().stream(sent)
                first = await anext(chunks, None)
            async with aclosing(chunks):
                if first is not None:
                    yield self._chunk(first, effort)
                async for chunk in chunks:
                    yield self._chunk(chunk, effort)

    def _sent(self, body: Mapping[str, Json]) -> tuple[dict[str, Json], str]:
        """The body as the server takes it, and the effort that it asks for."""
        sent = {key: value for key, value in body.items() if key not in _OURS}
        if sent.get("top_p") == 0:  # which vLLM refuses, and means this
            sent = {**sent, "temperature": 0, "top_p": 1}
        effort = sent.get("reasoning_effort") or "default"
        effort = self._served.reasoning_effort if effort == "default" else effort
        sent.pop("reasoning_effort", None)
        if effort != "default":
            known = sent.get("chat_template_kwargs") or {}
            sent |= {"reasoning_effort": effort, "chat_template_kwargs": {"reasoning_effort": effort, **known}}
        return sent, str(effort)

    def _loaded(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._served.blob is None else self._adapters.loaded(self._served.blob)

    async def _load_again(self, error: NotThere) -> None:
        """The server was started anew, and knows nothing of what it had."""
        if self._served.blob is None:
            raise error
        await self._adapters.load(self._served.blob)

    def _choice(self, choice: dict[str, Json], effort: str) -> dict[str, Json]:
        message = self._without_reasoning(choice["message"], effort)
        content = message.get("content")
        shown = {"role": "assistant", "content": content, "refusal": message.get("refusal")}
        shown |= {key: message[key] for key in ("tool_calls", "reasoning_content") if message.get(key)}
        return {
            "index": choice["index"],
            "message": shown,
            "finish_reason": choice.get("finish_reason"),
            "logprobs": _of_answer(choice.get("logprobs")),
        }

    def _chunk(self, chunk: dict[str, Json], effort: str) -> dict[str, Json]:
        kept = {key: chunk[key] for key in _KEPT if key in chunk}
        return kept | {"choices": [self._delta(choice, effort) for choice in chunk.get("choices") or []]}

    def _delta(self, choice: dict[str, Json], effort: str) -> dict[str, Json]:
        delta = self._without_reasoning(choice.get("delta") or {}, effort)
        is_hidden = "content" not in delta and not delta.get("tool_calls")
        return {
            "index": choice["index"],
            "delta": delta,
            "finish_reason": choice.get("finish_reason"),
            "logprobs": None if is_hidden else _of_answer(choice.get("logprobs")),
        }

    def _without_reasoning(self, message: Mapping[str, Json], effort: str) -> dict[str, Json]:
        """A message or a delta. Its parser takes an answer in which no reasoning ends for reasoning."""
        shown = {key: value for key, value in message.items() if key not in ("reasoning", "reasoning_content")}
        reasoning = message.get("reasoning") or message.get("reasoning_content")
        if reasoning and effort == "none":
            shown["content"] = reasoning + (shown.get("content") or "")
        elif reasoning and self._served.shows_reasoning:
            shown["reasoning_content"] = reasoning
        return shown


def _of_answer(logprobs: Mapping[str, Json] | None) -> Mapping[str, Json] | None:
    """Log-probs without those of the reasoning."""
    if logprobs is None or not logprobs.get("content"):
        return logprobs
    entries = logprobs["content"]
    ends = [place for place, entry in enumerate(entries) if entry.get("token") == _END_OF_REASONING]
    return {**logprobs, "content": entries[ends[-1] + 1 :] if ends else entries}
