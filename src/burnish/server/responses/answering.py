"""Answers response requests: what was said before is looked up, chat is asked, and what came of it is kept.

In the background a response is made by a task of the server's own. It is kept as it begins and as it ends; a server
that dies in between leaves it in progress, and the next one that is asked for it finds nobody at work, and says that it
failed.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from anyio import to_thread

from burnish.core.errors import BurnishError, InvalidRequest
from burnish.core.ids import new_id
from burnish.core.records import Exchange
from burnish.remote.chat import RemoteChat
from burnish.server.desk import Desk
from burnish.server.responses.draft import Draft, Event, new_response
from burnish.server.responses.naming import in_items
from burnish.server.responses.recording import Recording
from burnish.spec.items import chat_body, normalized
from burnish.spec.response import ResponseRequest

Json = Any
KIND: Any = "response"
MOST_TURNS = 1000
"""Responses that one may go back over `previous_response_id`."""


async def begin(desk: Desk, request: ResponseRequest) -> "Answering":
    """A request that is fit to be answered. Raises `InvalidRequest` and `NotFound`."""
    own = normalized(request.input)
    before = [] if request.previous_response_id is None else await to_thread.run_sync(_before, desk, request)
    body = chat_body(request, [*before, *own])
    if not body["messages"]:
        message = "'input' has nothing that a model could answer: send a text, a message or a function's output."
        raise InvalidRequest(message, param="input", code="invalid_value")
    chat = await desk.chats.find(request.model, shows_reasoning=True)
    status = "queued" if request.background else "in_progress"
    draft = Draft(new_response(request, new_id("resp_"), status=status), tells_reasoning=request.tells_reasoning)
    return Answering(desk, request, own, chat, body, draft)


async def found(desk: Desk, response_id: str) -> dict[str, Json]:
    """A kept response. One that nobody makes any more has failed."""
    exchange = await to_thread.run_sync(desk.store.exchanges.require, KIND, response_id)
    response = dict(exchange.answer)
    if response["status"] in ("queued", "in_progress") and not desk.tasks.is_running(response_id):
        error = {"code": "server_error", "message": "The server was stopped before the response was complete."}
        response |= {"status": "failed", "error": error}
        await to_thread.run_sync(desk.store.exchanges.set_answer, response_id, response)
    return response


async def cancel(desk: Desk, response_id: str) -> dict[str, Json]:
    """End one in the background; it as it is then. Raises `NotFound`, and `InvalidRequest` for any other."""
    response = await found(desk, response_id)
    if not response["background"]:
        message = "Only responses in the background can be cancelled: hang up to end another."
        raise InvalidRequest(message, param="response_id", code="invalid_value")
    await desk.tasks.cancel(response_id)
    return await found(desk, response_id)


async def recorded(desk: Desk, response_id: str) -> Recording:
    """The events of a response, told or yet to come. Raises `NotFound`, and `InvalidRequest` where there are none."""
    await found(desk, response_id)
    recording = desk.recordings.get(response_id)
    if recording is None:
        message = (
            "This response has no events to read: of one that was created with 'background' and 'stream' they are kept "
            "until the server stops or many others have ended since. Leave 'stream' out to see where it stands."
        )
        raise InvalidRequest(message, param="stream", code="unsupported_value")
    return recording


class Answering:
    """One response request."""

    def __init__(
        self,
        desk: Desk,
        request: ResponseRequest,
        items: list[dict[str, Json]],
        chat: RemoteChat,
        body: dict[str, Json],
        draft: Draft,
    ) -> None:
        self.draft = draft
        self._desk = desk
        self._request = request
        self._items = items
        self._chat = chat
        self._body = body | {"stream": True, "stream_options": {"include_usage": True}}
        self._is_kept = False

    async def events(self) -> AsyncGenerator[Event, None]:
        """Make the response, event by event, and keep it if that is wanted.

        What the request is to blame for, and what is `Busy` or `Unavailable` before the first token, is raised before
        the first event; but not in the background, where it ends the response.
        """
        draft, chunks = self.draft, self._chat.stream(self._body)
        try:
            async with aclosing(chunks):
                for event in draft.take():
                    yield event
                async for chunk in chunks:
                    if not draft.has_begun:
                        draft.begin()
                    draft.push(chunk)
                    for event in draft.take():
                        yield event
            if not draft.has_begun:
                draft.begin()
            draft.finish()
        except BurnishError as error:
            told = in_items(error) if isinstance(error, InvalidRequest) else error
            if not draft.has_begun:
                raise told from error
            draft.fail(told.code or told.type, told.message)
        if self._request.store is not False:
            await self.keep()
        for event in draft.take():
            yield event

    async def input_tokens(self) -> int:
        """How long the prompt would be. Raises like `RemoteChat.prompt_tokens`."""
        try:
            return await self._chat.prompt_tokens(self._body)
        except InvalidRequest as error:
            raise in_items(error) from error

    async def in_background(self) -> dict[str, Json]:
        """Go on without the caller, who is told what there is now; of what is streamed, whoever asks later can read."""
        queued = dict(self.draft.response)
        self.draft.begin()
        await self.keep()  # as one in progress, which it is before anybody can ask
        recording = self._desk.recordings.begin(queued["id"]) if self._request.stream else None
        self._desk.tasks.start(queued["id"], self._make(recording))
        return queued

    async def _make(self, recording: Recording | None) -> None:
        try:
            async with aclosing(self.events()) as events:
                async for event in events:
                    if recording is not None:
                        recording.add(event)
        except asyncio.CancelledError:
            self.draft.end("cancelled")
            await asyncio.shield(self.keep())
            raise
        except BaseException:
            self.draft.fail("server_error", "The server had an error.")
            await self.keep()
            raise
        finally:
            if recording is not None:
                for event in self.draft.take():
                    recording.add(event)
                recording.end()

    async def keep(self) -> None:
        """Store it as it stands."""
        store, response = self._desk.store.exchanges, self.draft.response
        if self._is_kept:
            await to_thread.run_sync(store.set_answer, response["id"], response)
            return
        self._is_kept = True
        exchange = Exchange(
            id=response["id"],
            kind=KIND,
            created_at=response["created_at"],
            model=self._request.model,
            project=self._desk.caller.project,
            metadata=self._request.metadata,
            request={"input": self._items},
            answer=response,
        )
        await to_thread.run_sync(store.insert, exchange)


def _before(desk: Desk, request: ResponseRequest) -> list[dict[str, Json]]:
    """All items up to the previous response, its own included."""
    items: list[dict[str, Json]] = []
    previous = request.previous_response_id
    for _ in range(MOST_TURNS):
        if previous is None:
            return items
        try:
            exchange = desk.store.exchanges.require(KIND, previous)
        except BurnishError as error:
            message = f"Previous response with id '{previous}' not found."
            raise InvalidRequest(message, param="previous_response_id", code="previous_response_not_found") from error
        items = [*exchange.request["input"], *exchange.answer["output"], *items]
        previous = exchange.answer["previous_response_id"]
    raise InvalidRequest(f"The conversation has more than {MOST_TURNS} responses.", param="previous_response_id")
