"""A stream of JSON bodies as server-sent events, in OpenAI's manner."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from burnish.core.errors import BurnishError

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""So that nobody on the way keeps events back."""


async def events(
    first: Mapping[str, Any], rest: AsyncGenerator[Mapping[str, Any], None]
) -> AsyncGenerator[bytes, None]:
    """An event per body, then `[DONE]`; closes `rest` however it ends.

    The first body comes apart, for what raises before it still has an HTTP status. Our errors after it become a last
    event, which the official client raises.
    """
    async with aclosing(rest):
        yield _event(first)
        try:
            async for body in rest:
                yield _event(body)
                await asyncio.sleep(0)  # where many bodies are ready, it is still noticed that the client has gone
        except BurnishError as error:
            yield _event(error.body)
    yield b"data: [DONE]\n\n"


async def relayed(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Whole events that somebody else has written, `[DONE]` included; closes `rest`, and ends in an error likewise."""
    async with aclosing(rest):
        yield first
        try:
            async for events in rest:
                yield events
        except BurnishError as error:
            yield _event(error.body) + b"data: [DONE]\n\n"


async def typed(first: Mapping[str, Any], rest: AsyncGenerator[Mapping[str, Any], None]) -> AsyncGenerator[bytes, None]:
    """The Responses API's manner: each event is named by its body's `type`, and the last of them is the end."""
    async with aclosing(rest):
        yield f"event: {first['type']}\n".encode() + _event(first)
        async for body in rest:
            await asyncio.sleep(0)
            yield f"event: {body['type']}\n".encode() + _event(body)


def _event(body: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
