"""The pipes to a sandbox: frames of limited size, sent and awaited until a deadline.

Nothing that comes out of a sandbox is trusted: what is no frame, or too large, ends it.
"""

import json
import os
import select
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LARGEST_BYTES = 1024 * 1024
_LOOK_S = 0.1
_PART_BYTES = 64 * 1024


class Broken(Exception):
    """The other end is gone, or does not speak as it should."""


class TimedOut(Exception):
    """The deadline passed."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Both pipes, seen from outside; they are not closed here."""

    target: int
    source: int
    look: Callable[[], None]
    """Called ten times a second while waiting; what it raises ends the wait."""

    def __post_init__(self) -> None:
        os.set_blocking(self.target, False)
        os.set_blocking(self.source, False)

    def send(self, content: bytes, deadline: float) -> None:
        """One frame; the deadline is on the monotonic clock. Raises `Broken` and `TimedOut`."""
        rest = memoryview(struct.pack(">I", len(content)) + content)
        while rest:
            self._await(self.target, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self.target, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Broken("it does not listen") from error

    def receive(self, deadline: float) -> dict[str, Any]:
        """One frame's object. Raises `Broken` and `TimedOut`."""
        (length,) = struct.unpack(">I", self._read(4, deadline))
        if length > LARGEST_BYTES:
            raise Broken(f"it said {length} bytes at once")
        try:
            content = json.loads(self._read(length, deadline))
        except (ValueError, RecursionError) as error:
            raise Broken("it did not speak JSON") from error
        if not isinstance(content, dict):
            raise Broken("it did not say an object")
        return content

    def _read(self, length: int, deadline: float) -> bytes:
        content = b""
        while len(content) < length:
            self._await(self.source, select.POLLIN, deadline)
            try:
                part = os.read(self.source, min(length - len(content), _PART_BYTES))
            except BlockingIOError:
                continue
            except OSError as error:
                raise Broken("it cannot be read") from error
            if not part:
                raise Broken("it ended")
            content += part
        return content

    def _await(self, file: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(file, event)
        while not poll.poll(_LOOK_S * 1000):
            if time.monotonic() > deadline:
                raise TimedOut
            self.look()
        if time.monotonic() > deadline:  # a trickle does not extend it
            raise TimedOut
