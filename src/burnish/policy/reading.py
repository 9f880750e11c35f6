"""Reads one answer token by token: what of it may be shown, its tool calls, and when a stop string ends it.

Text comes out as soon as it is certain: not while a character's bytes are incomplete, nor while it may become a stop
string or a tool call, nor as blanks that may turn out to be the last. Joined, the pieces are what `Renderer.reply`
makes of the whole answer, but that tool calls are looked for only where the request has tools.
"""

import json
from array import array
from typing import Any, NamedTuple

from burnish.core.ids import new_id
from burnish.policy.detokenize import Detokenizer
from burnish.policy.vocabulary import Vocabulary

Json = Any

_CALL, _END_CALL = "<tool_call>", "</tool_call>"


class Marks(NamedTuple):
    """What to look for in an answer's text."""

    stops: tuple[str, ...] = ()
    """The text ends before the first of these."""
    tools: bool = False
    """Whether tool calls are taken out of the text."""
    parallel: bool = True
    """Whether there may be several; if not, the first ends the answer."""
    reasoning: bool = False
    """Whether the reasoning is wanted as text."""


class Piece(NamedTuple):
    """What became certain with a token."""

    text: str
    calls: tuple[dict[str, Json], ...]
    """Tool calls in chat shape, whole."""
    reasoning: str = ""


class Reading:
    """The state of one answer."""

    def __init__(
        self, vocabulary: Vocabulary, prompt_ids: "array[int]", marks: Marks, *, shows_at_once: bool = True
    ) -> None:
        """Without `shows_at_once` all text comes at the end, at a fraction of the cost, and no mark is seen before."""
        starts_inside = vocabulary.starts_inside_reasoning(prompt_ids)
        self._vocabulary = vocabulary
        self._marks = marks
        self._reasons = starts_inside is True
        self._may_open = starts_inside is None
        self._detokenizer = Detokenizer(vocabulary.tokenizer)
        self._thoughts = Detokenizer(vocabulary.tokenizer)
        self._shows_at_once = shows_at_once
        self._held = ""
        """Text that is not certain."""
        self.text = ""
        """What has been shown."""
        self.calls: list[dict[str, Json]] = []
        self.tokens = 0
        self.reasoning_tokens = 0
        """Of `tokens`, marks included."""
        self.reasoning = ""
        """Its text, less blanks at its beginning, where it is wanted."""
        self.is_over = False
        """Whether the text has ended before the model's answer did: nothing more will be shown."""

    def push(self, token: int) -> Piece:
        """Take the next token."""
        self.tokens += 1
        vocabulary = self._vocabulary
        self._reasons = self._reasons or (self._may_open and token == vocabulary.think_id)
        self._may_open = False
        if self._reasons:
            self.reasoning_tokens += 1
            self._reasons = token != vocabulary.end_think_id
            return Piece("", (), self._think(token) if self._marks.reasoning else "")
        if token in vocabulary.stop_ids:
            return Piece("", ())
        if not self._shows_at_once:
            self._detokenizer.hold(token)
            return Piece("", ())
        return self._take(self._detokenizer.push(token))

    def finish(self) -> Piece:
        """No token follows: show what is left, a tool call cut short included."""
        piece = self._take(self._detokenizer.flush())
        rest = "" if self.is_over else self._held.rstrip()
        self._held = ""
        self.text += rest
        return Piece(piece.text + rest, piece.calls, self._thought(self._thoughts.flush()))

    def _think(self, token: int) -> str:
        """The reasoning that a token completes."""
        if token in (self._vocabulary.think_id, self._vocabulary.end_think_id):
            return self._thought(self._thoughts.flush())
        return self._thought(self._thoughts.push(token))

    def _thought(self, text: str) -> str:
        new = text if self.reasoning else text.lstrip()
        self.reasoning += new
        return new

    def _take(self, text: str) -> Piece:
        if self.is_over or not text:
            return Piece("", ())
        self._held += text
        shown, first_call = len(self.text), len(self.calls)
        kept = self._resolve()
        if not self.is_over:
            self.text += self._held[: len(self._held) - kept]
            self._held = self._held[len(self._held) - kept :]
        return Piece(self.text[shown:], tuple(self.calls[first_call:]))

    def _resolve(self) -> int:
        """Deal with every mark in the held text; how many characters at its end are still uncertain."""
        start = 0
        """Where to look for the next tool call: those before it were broken, and stay in the text."""
        while True:
            if not self.text:
                blanks = len(self._held) - len(self._held.lstrip())
                self._held, start = self._held[blanks:], max(0, start - blanks)
            call = self._held.find(_CALL, start) if self._marks.tools else -1
            stop = min((place for place in map(self._held.find, self._marks.stops) if place >= 0), default=-1)
            if stop >= 0 and (call < 0 or stop < call):
                self._end(stop)
                return 0
            if call < 0:
                return self._uncertain()
            end = self._held.find(_END_CALL, call)
            if end < 0:
                return len(self._held) - len(self._held[:call].rstrip())
            found = _parse_call(self._held[call + len(_CALL) : end])
            if found is None:
                start = end + len(_END_CALL)
                continue
            self.calls.append(found)
            if not self._marks.parallel:
                self._end(call)
                return 0
            self._held = self._held[:call] + self._held[end + len(_END_CALL) :]

    def _end(self, place: int) -> None:
        """Show the held text up to a place, less blanks at its end, and nothing after."""
        self.text += self._held[:place].rstrip()
        self._held = ""
        self.is_over = True

    def _uncertain(self) -> int:
        """Length of the end of the held text that may yet become part of a mark, or the answer's last blanks."""
        marks = [*self._marks.stops, *([_CALL] if self._marks.tools else [])]
        longest = 0
        for mark in marks:
            for length in range(min(len(mark) - 1, len(self._held)), longest, -1):
                if self._held.endswith(mark[:length]):
                    longest = length
                    break
        certain = self._held[: len(self._held) - longest]
        return len(self._held) - len(certain.rstrip())


def _parse_call(text: str) -> dict[str, Json] | None:
    """A tool call in chat shape; None where the model wrote something else."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        return None
    arguments = body.get("arguments", {})
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {"id": new_id("call_"), "type": "function", "function": {"name": body["name"], "arguments": arguments}}
