"""A client that reads many streams and costs little, so that what is measured is the server."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Json = Any


@dataclass(frozen=True, slots=True)
class Stream:
    """One answer, and when it came."""

    text: str
    tokens: int
    """Of the answer, reasoning included."""
    first_s: float
    """Until the first piece of text; of an answer without text, until its end."""
    whole_s: float
    finish: str | None


async def read_stream(base_url: str, body: Mapping[str, Json]) -> Stream:
    """Ask for a chat completion over a connection of its own. Raises `RuntimeError` where the answer is not whole."""
    place = urlsplit(base_url)
    data = json.dumps({**body, "stream": True, "stream_options": {"include_usage": True}}).encode()
    head = f"POST {place.path}/chat/completions HTTP/1.1\r\nhost: {place.netloc}\r\nconnection: close\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(head.encode() + data)
        first = None
        events: list[bytes] = []
        async for line in reader:
            if line.startswith(b"data: "):
                events.append(line)
                if first is None and b'"content":"' in line and b'"content":""' not in line:
                    first = time.perf_counter()
        ended = time.perf_counter()
    finally:
        writer.close()
    chunks = [json.loads(event[6:]) for event in events if event.strip() != b"data: [DONE]"]
    return _stream(chunks, (first or ended) - began, ended - began)


def _stream(chunks: list[dict[str, Json]], first_s: float, whole_s: float) -> Stream:
    choices = [choice for chunk in chunks for choice in chunk.get("choices") or []]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    finishes = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    usage = chunks[-1].get("usage") if chunks else None
    if usage is None:
        raise RuntimeError(f"the stream broke off, for its usage comes last: {chunks[-1:]}")
    return Stream(text, usage["completion_tokens"], first_s, whole_s, finishes[-1] if finishes else None)
