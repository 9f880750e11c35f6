"""`burnish serve`: the processes of an embedded server, started and stopped together."""

import contextlib
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from burnish.core import logs
from burnish.core.errors import BurnishError
from burnish.core.ports import free_port
from burnish.settings import Settings, child_environment

log = logging.getLogger(__name__)

RESTARTS = 5
"""How often in a row a child that dies is started again before the server gives up on it."""
STEADY_S = 60.0
"""How long a child must have lived for its earlier deaths to be forgotten."""
STOP_TIMEOUT_S = 10.0
"""How long a child may take to end before it is killed."""


def serve(
    port: Annotated[int | None, typer.Option(help="0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option()] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where rows and bytes are kept.")] = None,
    *,
    worker: Annotated[bool, typer.Option(help="Whether jobs are run here; else by `burnish worker`.")] = True,
) -> None:
    """Start the API server, a worker, an evaluator and the inference process."""
    import uvicorn

    from burnish.dashboard.app import create_app as create_dashboard
    from burnish.server.app import create_app
    from burnish.server.site import Site

    logs.configure()
    given = {"port": port, "host": host, "data_dir": data_dir}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    settings = settings.model_copy(
        update={
            "port": settings.port or free_port(settings.host),
            "infer_url": settings.infer_url or f"http://127.0.0.1:{free_port('127.0.0.1')}",
        }
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _end)  # uvicorn raises it again when it is done, and the default would end us there
    with contextlib.ExitStack() as processes:
        always = ("burnish.infer.process", "burnish.evals.process")
        for module in (*always, *(["burnish.work.process"] if worker else []), *followers(settings)):
            processes.enter_context(running(module, settings))
        root = f"http://{settings.host}:{settings.port}"
        typer.echo(f"Burnish serves OpenAI's API at {root}/v1, and its dashboard at {root}", err=True)
        site = Site(create_app(settings), create_dashboard(settings))
        uvicorn.run(site, host=settings.host, port=settings.port, log_level="warning")


def followers(settings: Settings) -> list[str]:
    """The modules of those who follow jobs from here. Raises `BurnishError` where one is not installed."""
    modules = []
    if find_spec("wandb") is not None and (settings.wandb.is_offline or settings.wandb.has_key):
        modules.append("burnish.follow.wandb_run")
    if settings.tensorboard.directory is not None:
        if find_spec("tensorboardX") is None:
            raise BurnishError(
                "tensorboard.directory is set, but tensorboardX is not installed: pip install 'burnish[tensorboard]'"
            )
        modules.append("burnish.follow.event_file")
    return modules


def _end(*_: object) -> None:
    """In good order: our children end first."""
    sys.exit()


@contextlib.contextmanager
def running(module: str, settings: Settings, arguments: Sequence[str] = ()) -> "Iterator[_Child]":
    """Keep `python -m module` alive while inside; it ends with us."""
    child = _Child([sys.executable, "-m", module, *arguments], child_environment(settings))
    child.start()
    try:
        yield child
    finally:
        child.stop()


class _Child:
    """A process that is started again when it dies, a limited number of times in a row.

    It gets a pipe as standard input and may take its end for ours.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str], steady_s: float = STEADY_S) -> None:
        self._command, self._environment, self._steady_s = command, environment, steady_s
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._process = self._launch()
        self._watcher = threading.Thread(target=self._keep_alive, daemon=True)

    def start(self) -> None:
        """Begin to watch over it."""
        self._watcher.start()

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask, wait, insist."""
        with self._starting:
            self._stopping.set()
            self._process.terminate()
        try:
            self._process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._watcher.join()
        self._close()

    def _launch(self) -> "subprocess.Popen[bytes]":
        self._started = time.monotonic()
        return subprocess.Popen(self._command, env=self._environment, stdin=subprocess.PIPE)

    def _keep_alive(self) -> None:
        restarts = 0
        while restarts < RESTARTS:
            code = self._process.wait()
            if time.monotonic() - self._started > self._steady_s:
                restarts = 0
            if self._stopping.wait(restarts):
                return
            restarts += 1
            with self._starting:
                if self._stopping.is_set():
                    return
                log.error("a process died and is started again", extra={"command": self._command, "code": code})
                self._close()
                self._process = self._launch()
        log.error("a process died too often; it stays down", extra={"command": self._command})

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
