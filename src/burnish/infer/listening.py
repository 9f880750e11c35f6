"""What both kinds of inference process share: a loopback socket, and an end together with whoever started them."""

import os
import signal
import stat
import sys
import threading
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from burnish.settings import Settings

HOST = "127.0.0.1"
KEEP_ALIVE_S = 75
"""Longer than the server's pool keeps an idle connection, so that it is never the one surprised."""


def listen(app: FastAPI, settings: Settings) -> None:
    """Serve at the port of `settings.infer_url` until told to stop; end when the process that started us does."""
    port = urlsplit(settings.infer_url or "").port
    if port is None:
        raise SystemExit("infer_url is not set: it must be http://127.0.0.1:PORT. `burnish serve` sets it.")
    kind = os.fstat(sys.stdin.fileno()).st_mode
    if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):  # asyncio's pipes are sockets
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    uvicorn.Server(
        uvicorn.Config(app, host=HOST, port=port, log_level="warning", timeout_keep_alive=KEEP_ALIVE_S)
    ).run()


def _end_with_parent() -> None:
    """Our standard input is a pipe that the parent holds and never writes to: its end is the parent's."""
    while os.read(sys.stdin.fileno(), 1):  # past Python's buffer, whose lock would be held when the process ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
