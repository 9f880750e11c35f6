"""A response in the making: chat's chunks in, the Responses API's typed events out, and the response as it stands."""

import copy
import time
from collections.abc import Mapping
from typing import Any

from burnish.server.responses.output import Call, Emit, Item, Message, Reasoning
from burnish.spec.response import ResponseRequest

Json = Any
Event = dict[str, Json]


def new_response(request: ResponseRequest, response_id: str, *, status: str) -> dict[str, Json]:
    """A response before anything was answered; what the request left open is spelt out."""
    reasoning, text = request.reasoning, request.text
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": bool(request.background),
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": None,
        "model": request.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": request.previous_response_id,
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": (reasoning.summary or reasoning.generate_summary) if reasoning else None,
        },
        "service_tier": "default",
        "store": request.store is not False,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": {
            "format": (text.format if text else None) or {"type": "text"},
            "verbosity": (text.verbosity if text else None) or "medium",
        },
        "tool_choice": request.tool_choice or "auto",
        "tools": [{"strict": None, "parameters": None, **tool} for tool in request.tools or ()],
        "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": request.user,
        "metadata": request.metadata or {},
    }


class Draft:
    """Turns one streamed chat answer into a response. Items come one after another: reasoning, message, calls."""

    def __init__(self, response: dict[str, Json], *, tells_reasoning: bool) -> None:
        self.response = response
        """As it stands; its `output` holds the items that have begun."""
        self._tells_reasoning = tells_reasoning
        """Whether the reasoning is told as a summary, too."""
        self._events: list[Event] = []
        """Those that nobody has taken."""
        self._told = 0
        self._open: Item | None = None
        self._finish: str | None = None

    def take(self) -> list[Event]:
        """The events since the last time."""
        taken, self._events = self._events, []
        return taken

    @property
    def has_begun(self) -> bool:
        """Whether there were events."""
        return self._told > 0

    def begin(self) -> None:
        """Nothing has come yet."""
        self._emit("response.created", response=self.response)
        if self.response["status"] == "queued":
            self._emit("response.queued", response=self.response)
        self.response["status"] = "in_progress"
        self._emit("response.in_progress", response=self.response)

    def push(self, chunk: Mapping[str, Json]) -> None:
        """The next chunk of the chat answer."""
        self.response["usage"] = _usage(chunk.get("usage")) or self.response["usage"]
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            logprobs = (choice.get("logprobs") or {}).get("content") or []
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                self._reasoning().add(thought)
            if delta.get("content") or logprobs:
                self._message().add(delta.get("content") or "", logprobs)
            for call in delta.get("tool_calls") or ():
                self._call(call).add((call.get("function") or {}).get("arguments") or "")
            self._finish = choice.get("finish_reason") or self._finish

    def finish(self) -> None:
        """The answer has ended."""
        is_cut = self._finish in ("length", "content_filter")
        if self._finish == "stop" and all(item["type"] == "reasoning" for item in self.response["output"]):
            self._message()  # one that says nothing
        self._close("incomplete" if is_cut else "completed")
        if is_cut:
            reason = "max_output_tokens" if self._finish == "length" else "content_filter"
            self.end("incomplete", incomplete_details={"reason": reason})
        else:
            self.end("completed", completed_at=int(time.time()))

    def fail(self, code: str, message: str) -> None:
        """There will be no more of it."""
        self._close("incomplete")
        self.end("failed", error={"code": code, "message": message})

    def end(self, status: str, **changes: Json) -> None:
        """The last event: completed, incomplete, failed or cancelled."""
        self.response.update(status=status, **changes)
        self._emit(f"response.{status}", response=self.response)

    def _reasoning(self) -> Reasoning:
        if not isinstance(self._open, Reasoning):
            self._begin(Reasoning(self._emit_item(), tells=self._tells_reasoning))
        assert isinstance(self._open, Reasoning)
        return self._open

    def _message(self) -> Message:
        if not isinstance(self._open, Message):
            self._begin(Message(self._emit_item()))
        assert isinstance(self._open, Message)
        return self._open

    def _call(self, call: Mapping[str, Json]) -> Call:
        name = (call.get("function") or {}).get("name")
        if name or not isinstance(self._open, Call):
            self._begin(Call(self._emit_item(), call_id=call.get("id") or "", name=name or ""))
        assert isinstance(self._open, Call)
        return self._open

    def _begin(self, item: Item) -> None:
        self.response["output"].append(item.body)
        self._open = item

    def _emit_item(self) -> Emit:
        """Close the item before, and number the events of the next one."""
        self._close("completed")
        place = len(self.response["output"])
        return lambda kind, **fields: self._emit(kind, output_index=place, **fields)

    def _close(self, status: str) -> None:
        if self._open is not None:
            self._open.close(status)
            self._open = None

    def _emit(self, kind: str, **fields: Json) -> None:
        self._events.append({"type": kind, **copy.deepcopy(fields), "sequence_number": self._told})
        self._told += 1


def _usage(chat: Mapping[str, Json] | None) -> dict[str, Json] | None:
    if chat is None:
        return None
    prompt, completion = chat.get("prompt_tokens_details") or {}, chat.get("completion_tokens_details") or {}
    return {
        "input_tokens": chat.get("prompt_tokens", 0),
        "input_tokens_details": {"cached_tokens": prompt.get("cached_tokens") or 0, "cache_write_tokens": 0},
        "output_tokens": chat.get("completion_tokens", 0),
        "output_tokens_details": {"reasoning_tokens": completion.get("reasoning_tokens") or 0},
        "total_tokens": chat.get("total_tokens", 0),
    }
