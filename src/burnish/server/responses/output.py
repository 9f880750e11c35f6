"""The output items of a response, each telling what becomes of it in the Responses API's events."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from burnish.core.ids import new_id

Json = Any


Emit = Callable[..., None]
"""Tells an event of one item: its type, and as keywords what it has beside the item's place."""


class Item(Protocol):
    """An item while it grows."""

    body: dict[str, Json]
    """As it stands."""

    def close(self, status: str) -> None:
        """It has ended: `completed` or `incomplete`."""
        ...


class Reasoning:
    """What a model thought. Where a summary was asked for, the text itself is told as one: nobody summarises here."""

    def __init__(self, emit: Emit, *, tells: bool) -> None:
        self.body: dict[str, Json] = {
            "id": new_id("rs_"),
            "type": "reasoning",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": ""}],
            "status": "in_progress",
        }
        self._emit = emit
        self._tells = tells
        self._place = {"item_id": self.body["id"], "content_index": 0}
        self._summary_place = {"item_id": self.body["id"], "summary_index": 0}
        emit("response.output_item.added", item={**self.body, "content": []})
        emit("response.content_part.added", **self._place, part=self.body["content"][0])
        if tells:
            part = {"type": "summary_text", "text": ""}
            self.body["summary"].append(part)
            emit("response.reasoning_summary_part.added", **self._summary_place, part=part)

    def add(self, text: str) -> None:
        """More of it."""
        self.body["content"][0]["text"] += text
        self._emit("response.reasoning_text.delta", **self._place, delta=text)
        if self._tells:
            self.body["summary"][0]["text"] += text
            self._emit("response.reasoning_summary_text.delta", **self._summary_place, delta=text)

    def close(self, status: str) -> None:
        """The whole text."""
        part = self.body["content"][0]
        part["text"] = part["text"].rstrip()
        self.body["status"] = status
        self._emit("response.reasoning_text.done", **self._place, text=part["text"])
        self._emit("response.content_part.done", **self._place, part=part)
        if self._tells:
            summary = self.body["summary"][0]
            summary["text"] = part["text"]
            self._emit("response.reasoning_summary_text.done", **self._summary_place, text=summary["text"])
            self._emit("response.reasoning_summary_part.done", **self._summary_place, part=summary)
        self._emit("response.output_item.done", item=self.body)


class Message:
    """What a model said."""

    def __init__(self, emit: Emit) -> None:
        part: dict[str, Json] = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        self.body: dict[str, Json] = {
            "id": new_id("msg_"),
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [part],
        }
        self._emit = emit
        self._place = {"item_id": self.body["id"], "content_index": 0}
        emit("response.output_item.added", item={**self.body, "content": []})
        emit("response.content_part.added", **self._place, part=part)

    def add(self, text: str, logprobs: Sequence[Mapping[str, Json]]) -> None:
        """More of it, and its tokens' log-probs where they are wanted."""
        part = self.body["content"][0]
        part["text"] += text
        part["logprobs"] += logprobs
        self._emit("response.output_text.delta", **self._place, delta=text, logprobs=logprobs)

    def close(self, status: str) -> None:
        """The whole text."""
        part = self.body["content"][0]
        self.body["status"] = status
        self._emit("response.output_text.done", **self._place, text=part["text"], logprobs=part["logprobs"])
        self._emit("response.content_part.done", **self._place, part=part)
        self._emit("response.output_item.done", item=self.body)


class Call:
    """A function that a model wants called."""

    def __init__(self, emit: Emit, *, call_id: str, name: str) -> None:
        self.body: dict[str, Json] = {
            "id": new_id("fc_"),
            "type": "function_call",
            "status": "in_progress",
            "call_id": call_id,
            "name": name,
            "arguments": "",
        }
        self._emit = emit
        emit("response.output_item.added", item=self.body)

    def add(self, arguments: str) -> None:
        """More of the arguments' JSON text."""
        if arguments:
            self.body["arguments"] += arguments
            self._emit("response.function_call_arguments.delta", item_id=self.body["id"], delta=arguments)

    def close(self, status: str) -> None:
        """The whole of the arguments."""
        self.body["status"] = status
        told = {"item_id": self.body["id"], "name": self.body["name"], "arguments": self.body["arguments"]}
        self._emit("response.function_call_arguments.done", **told)
        self._emit("response.output_item.done", item=self.body)
