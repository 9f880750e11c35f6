"""`python -m burnish.infer.process`: the inference process, on this machine only."""

import gc
import os
import signal
import stat
import sys
import threading
from urllib.parse import urlsplit

import uvicorn

from burnish.core import logs
from burnish.infer.app import create_app
from burnish.infer.fleet import Fleet
from burnish.settings import Settings
from burnish.store.blobs import open_blobs

HOST = "127.0.0.1"
KEEP_ALIVE_S = 75
"""Longer than the server's pool keeps an idle connection, so that it is never the one surprised."""


def server_of(settings: Settings, port: int) -> uvicorn.Server:
    """The HTTP server, not yet started."""
    app = create_app(Fleet(settings, open_blobs(settings)))
    config = uvicorn.Config(app, host=HOST, port=port, log_level="warning", timeout_keep_alive=KEEP_ALIVE_S)
    return uvicorn.Server(config)


def serve(settings: Settings, port: int) -> None:
    """Serve until told to stop."""
    server_of(settings, port).run()


def main() -> None:
    """Serve at the port of `settings.infer_url`; end when the process that started us does."""
    gc.freeze()  # what was imported stays: the collector need not walk through it again and again
    logs.configure()
    settings = Settings()
    port = urlsplit(settings.infer_url or "").port
    if port is None:
        raise SystemExit("infer_url is not set: it must be http://127.0.0.1:PORT. `burnish serve` sets it.")
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    serve(settings, port)


def _end_with_parent() -> None:
    """Our standard input is a pipe that the parent holds and never writes to: its end is the parent's."""
    while os.read(sys.stdin.fileno(), 1):  # past Python's buffer, whose lock would be held when the process ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
