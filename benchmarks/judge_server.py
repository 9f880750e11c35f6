"""A made-up server of judges, embeddings and scores on a local socket: slow and faulty as it is told to be."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Json = Any

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_REASONS = {200: "OK", 429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass(slots=True)
class JudgeServer:
    """Answers chat completions in the schema asked for, embeddings and endpoint graders, and counts what it does."""

    delay_s: Callable[[int], float] = lambda number: 0.0
    """How long the request of a number, from 1, takes."""
    failure: Callable[[int, Json], int | None] = lambda number, body: None
    """The status with which it fails; None: it is answered."""
    statuses: Counter[int] = field(default_factory=Counter)
    """How many requests were answered with each status."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    under_way: int = 0
    peak: int = 0
    """Most requests under way at a time."""
    _open: dict["asyncio.Task[None]", asyncio.StreamWriter] = field(default_factory=dict)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """The address, without `/v1`."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for writer in self._open.values():
                writer.close()
            await asyncio.gather(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = json.loads(await reader.readexactly(int(length[1]) if length else 0))
                writer.write(await self._reply(head.split()[1].decode(), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # one of the two has hung up
        finally:
            writer.close()
            del self._open[task]

    async def _reply(self, path: str, body: Json) -> bytes:
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        number = self.statuses.total() + self.under_way
        await asyncio.sleep(self.delay_s(number))
        status = self.failure(number, body) or 200
        self.under_way -= 1
        self.statuses[status] += 1
        answer = (
            self._answer(path, body) if status == 200 else {"error": {"message": "made up", "type": "server_error"}}
        )
        content = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\nretry-after-ms: 20\r\n"
        return f"{head}content-length: {len(content)}\r\n\r\n".encode() + content

    def _answer(self, path: str, body: Json) -> Json:
        if path.endswith("/embeddings"):
            rows = [{"index": index, "embedding": [1.0, float(len(text))]} for index, text in enumerate(body["input"])]
            return {"object": "list", "data": rows, "model": body["model"]}
        if not path.endswith("/chat/completions"):
            return {"score": 0.5}
        prompt, written = len(json.dumps(body["messages"])), 20
        self.prompt_tokens += prompt
        self.completion_tokens += written
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": _message(body), "finish_reason": "stop"}],
            "usage": {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written},
        }


def _message(body: Json) -> Json:
    """The first label, or a half; a refusal where the prompt asks for one."""
    if "refuse" in json.dumps(body["messages"]):
        return {"role": "assistant", "content": None, "refusal": "I would rather not."}
    wanted = body["response_format"]["json_schema"]["schema"]["properties"]["result"]
    result = wanted["enum"][0] if "enum" in wanted else 0.5
    return {"role": "assistant", "content": json.dumps({"steps": [], "result": result}), "refusal": None}
