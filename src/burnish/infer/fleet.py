"""The models in this process's memory: a base loaded when first asked for, with its engine and its adapters.

`Keeper` sends each process the requests of one base; nothing here hangs on that.
"""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from burnish.core.errors import BurnishError, Busy, InvalidRequest, NotFound
from burnish.infer.memory import limit_of, rows_bytes
from burnish.policy.adapter import CONFIG_FILE, WEIGHTS_FILE
from burnish.policy.chat import EngineChat
from burnish.policy.driver import Driver
from burnish.policy.engine import Engine
from burnish.policy.folder import write_folder
from burnish.policy.invariance import prove
from burnish.policy.load import Base
from burnish.settings import Settings
from burnish.spec.served import Served
from burnish.store.blobs import Blobs

log = logging.getLogger(__name__)

MOST_ADAPTERS = 64
"""Adapters kept on one base; the one unused for longest goes first."""
MOST_ROWS = 64
"""Answers decoded at once on one base; more wait."""
MOST_WAITING = 16 * MOST_ROWS
"""Answers on one base, waiting ones included, from which on nobody else is let in."""


@dataclass(eq=False, slots=True)
class _Seat:
    """One base in memory."""

    base: Base
    driver: Driver
    users: int = 0
    adapters: dict[str, int] = field(default_factory=dict)
    """Attached adapters by their blob prefix, the longest unused first -> requests that use it now."""
    attaching: asyncio.Lock = field(default_factory=asyncio.Lock)

    def close(self) -> None:
        """End its engine and its thread."""
        self.driver.close()
        self.base.thread.shutdown(wait=False)


class Fleet:
    """Gives the Chat of any base or tuned model; lives in one event loop."""

    def __init__(self, settings: Settings, blobs: Blobs) -> None:
        self._settings = settings
        self._blobs = blobs
        self._folders = settings.data_dir / "cache" / "models"
        self._seats: dict[str, asyncio.Task[_Seat]] = {}
        """By directory or hub name; a task, so that all wait for one loading."""
        self._fetcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fetch")
        """One worker: nobody writes a folder twice at a time."""

    @property
    def bases(self) -> list[str]:
        """What is loaded or being loaded."""
        return list(self._seats)

    @property
    def users(self) -> int:
        """Requests that wait for a base or an answer."""
        return sum(1 if not task.done() else _users(task) for task in self._seats.values())

    @asynccontextmanager
    async def chat(self, served: Served, name: str) -> AsyncGenerator[EngineChat, None]:
        """The model's Chat; it stays in memory as long as the block lasts.

        Raises `InvalidRequest` for a base that cannot be loaded, `NotFound` where the blobs hold no such model, and
        `Busy` where too many wait for it.
        """
        seat = await self._seat(await self._source(served))
        if seat.driver.load >= MOST_WAITING:
            raise Busy(f"{seat.driver.load} answers are waited for; try again later.")
        seat.users += 1
        try:
            adapter = _blob(served) if served.kind == "lora" else None
            chat = EngineChat(
                seat.base,
                seat.driver,
                name,
                adapter=adapter,
                effort=served.reasoning_effort,
                shows_reasoning=served.shows_reasoning,
            )
            if adapter is None:
                yield chat
            else:
                async with self._attached(seat, adapter):
                    yield chat
        finally:
            seat.users -= 1

    def close(self) -> None:
        """Unload everything."""
        for task in self._seats.values():
            _unload(task)
        self._seats.clear()
        self._fetcher.shutdown(wait=False)

    async def _source(self, served: Served) -> str:
        """Directory or hub name of the base's weights."""
        if served.kind == "full":
            return str(await self._folder(_blob(served), "config.json"))
        return self._settings.models.source(served.base)

    async def _seat(self, source: str) -> _Seat:
        task = self._seats.get(source)
        if task is not None and _is_lost(task):
            _unload(task)
            task = None
        if task is None:
            task = self._seats[source] = asyncio.ensure_future(self._load(source))
        # Whoever asked first may hang up; the others still wait.
        return await asyncio.shield(task)

    async def _load(self, source: str) -> _Seat:
        log.info("base loading", extra={"base": source})
        training = self._settings.training
        base = await asyncio.to_thread(Base.load, source, threads=training.threads, dtype=training.dtype)
        serving = self._settings.serving
        if serving.invariant:
            await asyncio.get_running_loop().run_in_executor(base.thread, prove, base)
        rows = rows_bytes(limit_of(serving.memory_bytes))
        engine = Engine(base, max_rows=MOST_ROWS, row_bytes=rows, invariant=serving.invariant)
        return _Seat(base, Driver(engine, base.thread))

    @asynccontextmanager
    async def _attached(self, seat: _Seat, blob: str) -> AsyncGenerator[None, None]:
        """The adapter is in the engine, and stays there for the time being."""
        async with seat.attaching:
            if blob not in seat.adapters:
                await self._detach_idle(seat)
                await self._attach(seat, blob)
            seat.adapters[blob] = seat.adapters.pop(blob, 0) + 1
        try:
            yield
        finally:
            seat.adapters[blob] -= 1

    async def _attach(self, seat: _Seat, blob: str) -> None:
        """Files that are damaged are not kept here: once they are restored in the blobs, they are fetched anew."""
        folder = await self._folder(blob, CONFIG_FILE, WEIGHTS_FILE)
        try:
            await seat.driver.attach(blob, folder)
        except InvalidRequest as error:
            shutil.rmtree(folder)
            reason = error.message.replace(str(folder), blob)
            message = f"The model's files are damaged: {reason}. Restore them from a backup or delete it."
            raise BurnishError(message) from error

    async def _detach_idle(self, seat: _Seat) -> None:
        idle = [blob for blob, users in seat.adapters.items() if not users]
        for blob in idle[: max(0, len(seat.adapters) - MOST_ADAPTERS + 1)]:
            del seat.adapters[blob]
            await seat.driver.detach(blob)

    async def _folder(self, blob: str, *needed: str) -> Path:
        return await asyncio.get_running_loop().run_in_executor(self._fetcher, self._fetch, blob, needed)

    def _fetch(self, blob: str, needed: Sequence[str]) -> Path:
        """A tuned model's files in a local directory; copied from the blobs once they are all there."""
        directory = self._folders / hashlib.sha256(blob.encode()).hexdigest()[:32]
        if not directory.is_dir():
            missing = sorted({f"{blob}/{name}" for name in needed} - set(self._blobs.paths(blob)))
            if missing:
                message = f"The model's files are gone: {', '.join(missing)}. Restore them from a backup or delete it."
                raise NotFound(message, code="blob_not_found")

            def fill(aside: Path) -> None:
                self._blobs.fetch_directory(blob, aside)

            write_folder(directory, fill)
        return directory


def _blob(served: Served) -> str:
    if served.blob is None:
        raise InvalidRequest(f"A model of kind '{served.kind}' needs the blob prefix of its files.", param="burnish")
    return served.blob


def _users(task: "asyncio.Task[_Seat]") -> int:
    return 0 if _is_lost(task) else task.result().users


def _is_lost(task: "asyncio.Task[_Seat]") -> bool:
    """Whether loading or the engine has failed."""
    if not task.done():
        return False
    return task.cancelled() or task.exception() is not None or task.result().driver.failed


def _unload(task: "asyncio.Task[_Seat]") -> None:
    if not task.done():
        task.cancel()
    elif not task.cancelled() and task.exception() is None:
        task.result().close()
