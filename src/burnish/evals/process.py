"""`python -m burnish.evals.process`: an evaluator until it is told to stop or its parent is gone."""

import asyncio
import os
import signal
import sys
import threading

from burnish.chats import Chats
from burnish.core import logs
from burnish.evals.evaluator import Evaluator
from burnish.remote.infer import infer_client
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from burnish.toolbox import Toolbox


def main() -> None:
    """Work with the settings of the environment. A closed standard input means that the parent died."""
    logs.configure()
    asyncio.run(evaluate(Settings(), follows_parent=not sys.stdin.isatty()))


async def evaluate(settings: Settings, *, follows_parent: bool) -> None:
    """Be an evaluator until told to stop, by SIGTERM, by SIGINT or by the end of standard input."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if follows_parent:
        threading.Thread(target=_watch_parent, args=(loop, stopping), daemon=True).start()
    store = open_store(settings)
    chats = Chats(settings, store.models, open_blobs(settings), infer_client())
    toolbox = Toolbox.of(settings)
    try:
        await Evaluator(settings, store, open_blobs(settings), chats, toolbox).work(stopping)
    finally:
        await chats.aclose()
        await toolbox.aclose()
        store.close()


def _watch_parent(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):  # past Python's buffer, whose lock would be held when the process ends
        pass
    loop.call_soon_threadsafe(stopping.set)


if __name__ == "__main__":
    main()
