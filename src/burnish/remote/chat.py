"""Any OpenAI-compatible endpoint, seen as a Chat: judges, vLLM, OpenAI itself, and our own inference process."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import httpx2

from burnish.core.errors import BurnishError, GraderUnavailable, InvalidRequest, Unavailable
from burnish.remote.endpoint import Endpoint, Shortcut, describe
from burnish.settings import Remote
from burnish.spec.chat import ChatCompletion, ChatRequest

Json = Any

_PATH = "/chat/completions"
_COUNT_PATH = f"{_PATH}/input_tokens"
"""Of our own inference process alone."""
_EVENT_END = b"\n\n"
_DONE = b"data: [DONE]"


class RemoteChat:
    """One model at one endpoint, as patient as `Endpoint`. Lives in one event loop."""

    def __init__(
        self,
        settings: Remote,
        name: str,
        *,
        extra: Mapping[str, Json] | None = None,
        is_ours: bool = False,
        shortcut: Shortcut | None = None,
        client: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`name` is the model's name here; `extra` goes into every body; `client` is the caller's, who closes it."""
        self.name = name
        self.is_ours = is_ours
        """Whether the endpoint is our own inference process, which answers by the name that the model has here."""
        self._extra = extra or {}
        self._endpoint = Endpoint(
            settings, name, client=client, shortcut=shortcut, faults_pass=not is_ours, sleep=sleep
        )

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The answer, as a judge gives it.

        Raises `GraderUnavailable` where the endpoint failed us, `InvalidRequest` where it refused the request.
        """
        body = request.model_dump(exclude_none=True, exclude={"stream", "stream_options"})
        try:
            return ChatCompletion.model_validate(await self.forward(body))
        except InvalidRequest:
            raise
        except (BurnishError, ValueError) as error:
            raise GraderUnavailable(f"Model '{self.name}' gave no answer: {error}") from error

    async def forward(self, body: Mapping[str, Json], path: str = _PATH) -> dict[str, Json]:
        """The endpoint's whole answer to a body that does not stream; `model` is the name it has here.

        `path` leads elsewhere than to chat completions: a model may do more than that.

        Raises `Unavailable` or `Busy` after the last attempt, `InvalidRequest` where the endpoint refused the request.
        """
        async with self._endpoint.slots:
            response = await self._endpoint.answer(path, {**body, **self._extra})
        return self._renamed(response.content)

    async def prompt_tokens(self, body: Mapping[str, Json]) -> int:
        """How long the prompt of a body is. An endpoint that is not ours says so with an answer of one token.

        Raises like `forward`.
        """
        if self.is_ours:
            counted: int = (await self.forward(body, _COUNT_PATH))["input_tokens"]
            return counted
        answer = await self.forward({**body, "max_completion_tokens": 1})
        match answer.get("usage"):
            case {"prompt_tokens": int(counted)}:
                return counted
        raise Unavailable(f"The endpoint of model '{self.name}' does not tell how many tokens a prompt has.")

    async def stream(self, body: Mapping[str, Json]) -> AsyncGenerator[dict[str, Json], None]:
        """The chunks of the endpoint's answer; `model` is the name it has here. Close it to hang up.

        Raises like `forward` before the first chunk; a stream that breaks later raises `Unavailable` at once.
        """
        async with self._endpoint.slots:
            response = await self._endpoint.answer(_PATH, {**body, **self._extra}, stream=True)
            try:
                async for line in response.aiter_lines():
                    data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
                    if data == "[DONE]":
                        return
                    if data:
                        yield self._renamed(data)
                raise Unavailable(f"The stream of model '{self.name}' ended early: its endpoint hung up.")
            except httpx2.TransportError as error:
                raise Unavailable(f"The stream of model '{self.name}' broke off: {describe(error)}.") from error
            finally:
                await response.aclose()

    async def relay(self, body: Mapping[str, Json]) -> AsyncGenerator[bytes, None]:
        """The events of the endpoint's answer, whole ones, as they come and unread: of one that `is_ours`.

        Raises like `stream`.
        """
        async with self._endpoint.slots:
            response = await self._endpoint.answer(_PATH, {**body, **self._extra}, stream=True)
            is_whole, rest = False, b""
            try:
                async for data in response.aiter_bytes():
                    events, mark, rest = (rest + data).rpartition(_EVENT_END)
                    if mark:
                        is_whole = events.endswith(_DONE)
                        yield events + mark
            except httpx2.TransportError as error:
                raise Unavailable(f"The stream of model '{self.name}' broke off: {describe(error)}.") from error
            finally:
                await response.aclose()
        if not is_whole:
            raise Unavailable(f"The stream of model '{self.name}' ended early: its endpoint hung up.")

    async def aclose(self) -> None:
        """Close all connections, unless the client is the caller's."""
        await self._endpoint.aclose()

    def _renamed(self, data: bytes | str) -> dict[str, Json]:
        answer = self._endpoint.object_of(data)
        return {**answer, "model": self.name} if "model" in answer else answer
