"""An evaluator in a thread of the test's own process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from fastapi import FastAPI

from burnish.chats import Chats
from burnish.evals.evaluator import Evaluator
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from burnish.toolbox import Toolbox


@contextmanager
def evaluating(settings: Settings, infer: FastAPI | None = None) -> Iterator[None]:
    """Runs are carried out while inside; local models answer through `infer`."""
    settings = settings.model_copy(update={"poll_s": 0.02})
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_evaluate(settings, infer, stopping)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


async def _evaluate(settings: Settings, infer: FastAPI | None, stopping: asyncio.Event) -> None:
    transport = httpx2.ASGITransport(infer) if infer is not None else None
    store = open_store(settings)
    chats = Chats(settings, store.models, open_blobs(settings), httpx2.AsyncClient(transport=transport))
    toolbox = Toolbox.of(settings)
    try:
        await Evaluator(settings, store, open_blobs(settings), chats, toolbox).work(stopping)
    finally:
        await chats.aclose()
        await toolbox.aclose()
        store.close()
