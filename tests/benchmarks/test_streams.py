import asyncio
import json

import pytest

from benchmarks.streams import read_stream


def served(*lines: str):
    """What a client makes of a stream of these events."""

    async def main():
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            events = "".join(f"data: {line}\n\n" for line in lines)
            writer.write(f"HTTP/1.1 200 OK\r\n\r\n{events}".encode())
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await read_stream(f"http://127.0.0.1:{port}/v1", {"model": "x"})

    return asyncio.run(main())


def chunk(content: str, finish: str | None = None) -> str:
    return json.dumps(
        {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}]}, separators=(",", ":")
    )


USAGE = json.dumps({"choices": [], "usage": {"completion_tokens": 7}})


def test_a_stream_is_read_whole():
    found = served(chunk(""), chunk("a"), chunk("b", "stop"), USAGE, "[DONE]")
    assert (found.text, found.tokens, found.finish) == ("ab", 7, "stop")
    assert 0 < found.first_s <= found.whole_s


def test_a_stream_without_its_end_is_none():
    with pytest.raises(RuntimeError, match="broke off"):
        served(chunk("a"))
