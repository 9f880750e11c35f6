"""A log in a process of its own: whatever its library leaves behind, breaks or waits for ends with that process."""

import multiprocessing
import signal
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from burnish.core import logs
from burnish.core.errors import BurnishError
from burnish.core.records import Job
from burnish.follow.follower import Log

TIMEOUT_S = 75.0
"""How long each request may take, opening and closing among them."""
_END_S = 10.0
"""How long the process may take to end by itself."""


class Apart:
    """A log that another process keeps. Raises `BurnishError` with what was raised there."""

    def __init__(self, open_log: Callable[[Job], Log], job: Job, *, timeout_s: float = TIMEOUT_S) -> None:
        context = multiprocessing.get_context("spawn")
        self._timeout_s = timeout_s
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_keep, args=(theirs, open_log, job), daemon=True)
        self._process.start()
        theirs.close()
        try:
            self.announcement: str | None = self._answer()
        except BurnishError:
            self.drop()
            raise

    def write(self, step: int, at: int, values: Mapping[str, float]) -> None:
        """As the log itself does."""
        self._ask("write", step, at, dict(values))

    def flush(self) -> None:
        """As the log itself does."""
        self._ask("flush")

    def close(self, job: Job) -> None:
        """As the log itself does; then the process ends."""
        self._ask("close", job)
        self._pipe.close()
        self._process.join(_END_S)
        self._kill()

    def drop(self) -> None:
        """End the process as it is."""
        self._pipe.close()
        self._kill()

    def _kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()

    def _ask(self, name: str, *arguments: Any) -> None:
        try:
            self._pipe.send((name, arguments))
        except OSError as error:
            raise BurnishError("its process has ended") from error
        self._answer()

    def _answer(self) -> str | None:
        """What the process says: that all went well, with a text at most, or what went wrong."""
        if not self._pipe.poll(self._timeout_s):
            raise BurnishError(f"no answer within {self._timeout_s:g} s")
        try:
            error, text = self._pipe.recv()
        except (EOFError, OSError) as gone:
            raise BurnishError("its process has ended") from gone
        if error is not None:
            raise BurnishError(error)
        said: str | None = text
        return said


def _keep(pipe: Connection, open_log: Callable[[Job], Log], job: Job) -> None:
    """What the other process does, until the pipe's other end closes."""
    logs.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is for the follower, which closes the log
    try:
        log = open_log(job)
        pipe.send((None, log.announcement))
        while True:
            name, arguments = pipe.recv()
            getattr(log, name)(*arguments)
            pipe.send((None, None))
    except EOFError:
        return
    except Exception as error:
        pipe.send((str(error) or type(error).__name__, None))
