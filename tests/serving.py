"""The inference process's app, in the test's process or behind a socket of this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from burnish.core.ports import free_port
from burnish.infer.app import create_app
from burnish.infer.fleet import Fleet
from burnish.settings import Settings
from burnish.store.blobs import open_blobs


def infer_app(settings: Settings) -> FastAPI:
    """The inference process's app over the blobs that the settings name."""
    return create_app(Fleet(settings, open_blobs(settings)))


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The address at which a thread serves an app."""
    port = free_port("127.0.0.1")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def tiny_settings(data_dir: Path, model: Path, **changes: object) -> Settings:
    """Settings in which `tiny` is a base model."""
    return Settings.model_validate({"data_dir": data_dir, "models": {"local": {"tiny": str(model)}}, **changes})
