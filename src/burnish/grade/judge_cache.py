"""Judges' answers, kept in memory, so that equal requests are asked once."""

import asyncio
from collections import OrderedDict

from burnish.grade.tools import Chat
from burnish.spec.chat import ChatCompletion, ChatRequest


class JudgeCache:
    """A Chat that asks another one once for each request. Lives in one event loop.

    The key is the whole request, model and sampling included. A request that is under way is waited for, not sent
    again; it goes on even if all who wait for it are cancelled. Failures are not kept.
    """

    def __init__(self, chat: Chat, size: int) -> None:
        """`size` is how many answers are kept: those last asked for."""
        self._chat = chat
        self._size = size
        self._asked: OrderedDict[str, asyncio.Future[ChatCompletion]] = OrderedDict()

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The answer; its usage is None where it was asked for before, for its tokens are counted already."""
        key = request.model_dump_json(exclude_none=True)
        asked = self._asked.get(key)
        if asked is not None:
            self._asked.move_to_end(key)
            return (await asyncio.shield(asked)).model_copy(update={"usage": None})
        asked = self._asked[key] = asyncio.ensure_future(self._chat.complete(request))
        asked.add_done_callback(lambda done: self._settle(key, done))
        if len(self._asked) > self._size:
            self._asked.popitem(last=False)
        return await asyncio.shield(asked)

    def _settle(self, key: str, done: asyncio.Future[ChatCompletion]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._asked.get(key) is done:
            del self._asked[key]


def cached(chat: Chat, size: int) -> Chat:
    """The chat behind a cache of that size; as it is where that is 0."""
    return JudgeCache(chat, size) if size else chat
