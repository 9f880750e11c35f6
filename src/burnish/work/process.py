"""`python -m burnish.work.process`: a worker until it is told to stop or its parent is gone."""

import os
import signal
import socket
import sys
import threading

from burnish.core import logs
from burnish.core.records import Job
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from burnish.work.worker import Worker


def main() -> None:
    """Work with the settings of the environment. A closed standard input means that the parent died."""
    logs.configure()
    stopping = threading.Event()
    if not sys.stdin.isatty():
        threading.Thread(target=_watch_parent, args=(stopping,), daemon=True).start()
    work(Settings(), stopping)


def work(settings: Settings, stopping: threading.Event) -> None:
    """Be a worker until told to stop, by the event, by SIGTERM or by SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    name = f"{socket.gethostname()}:{os.getpid()}"
    store = open_store(settings)
    try:
        Worker(settings, store, open_blobs(settings), name, run_command).work(stopping.is_set)
    finally:
        store.close()


def run_command(job: Job) -> list[str]:
    """The command line of a job's run."""
    return [sys.executable, "-m", "burnish.work.run", job.id, str(job.attempt)]


def _watch_parent(stopping: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):  # past Python's buffer, whose lock would be held when the process ends
        pass
    stopping.set()


if __name__ == "__main__":
    main()
