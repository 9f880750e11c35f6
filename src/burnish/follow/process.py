"""What the processes of followers have in common."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

from burnish.core import logs
from burnish.core.errors import StoreUnavailable
from burnish.core.following import FollowerKind
from burnish.core.records import Job
from burnish.follow.follower import Follower, Log
from burnish.settings import Settings
from burnish.store.store import open_store

log = logging.getLogger(__name__)

EVERY_S = 1.0


def follow(kind: FollowerKind, open_log: Callable[[Job], Log], settings: Settings) -> None:
    """Be a follower until told to stop, by SIGTERM, SIGINT or the end of standard input: the parent's."""
    logs.configure()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if not sys.stdin.isatty():
        threading.Thread(target=_watch_parent, args=(stopping,), daemon=True).start()
    store = open_store(settings)
    follower = Follower(kind, store, open_log, f"{socket.gethostname()}:{os.getpid()}")
    try:
        while not stopping.is_set():
            _if_possible(follower.turn)
            stopping.wait(EVERY_S)
        _if_possible(follower.close)
    finally:
        store.close()


def _if_possible(act: Callable[[], None]) -> None:
    """A store that is locked, full or away is waited for."""
    try:
        act()
    except StoreUnavailable as error:
        log.error("the store is not available; trying again", extra={"error": error.message})


def _watch_parent(stopping: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):  # past Python's buffer, whose lock would be held when the process ends
        pass
    stopping.set()
