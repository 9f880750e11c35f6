"""The chunks of a streamed chat completion, joined to the completion that they amount to."""

from collections.abc import Mapping
from typing import Any

Json = Any


class Gathered:
    """What has come so far. Takes our own chunks and those of any OpenAI-compatible endpoint."""

    def __init__(self) -> None:
        self._head: dict[str, Json] = {}
        self._choices: dict[int, dict[str, Json]] = {}
        self.usage: Mapping[str, Json] | None = None
        """Told by the last chunk, where it was asked for."""

    def push(self, chunk: Mapping[str, Json]) -> None:
        """Take the next chunk."""
        if not self._head:
            self._head = {key: chunk.get(key) for key in ("id", "created", "model", "system_fingerprint")}
        self.usage = chunk.get("usage") or self.usage
        for part in chunk.get("choices") or ():
            choice = self._choices.setdefault(part.get("index", 0), _new(part.get("index", 0)))
            _extend(choice["message"], part.get("delta") or {})
            choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
            if (logprobs := part.get("logprobs")) is not None:
                known = choice["logprobs"] or {"content": [], "refusal": None}
                choice["logprobs"] = {**known, "content": [*known["content"], *(logprobs.get("content") or ())]}

    def completion(self) -> dict[str, Json]:
        """The body of a request that had not streamed."""
        choices = [self._choices[index] for index in sorted(self._choices)]
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": self.usage}


def _new(index: int) -> dict[str, Json]:
    message = {"role": "assistant", "content": None, "refusal": None}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": None}


def _extend(message: dict[str, Json], delta: Mapping[str, Json]) -> None:
    for key in ("content", "refusal", "reasoning_content"):
        if delta.get(key):
            message[key] = (message.get(key) or "") + delta[key]
    for part in delta.get("tool_calls") or ():
        calls = message.setdefault("tool_calls", [])
        while len(calls) <= part["index"]:
            calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call, function = calls[part["index"]], part.get("function") or {}
        call["id"] = part.get("id") or call["id"]
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""
