"""Keeps a process per base or embedding model: started when it is first asked for, stopped when others need its memory.

A process of its own, so that a base that crashes takes no other with it and memory is given back whole.
"""

import asyncio
import logging
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec

import httpx2

from burnish.core.errors import Busy, InvalidRequest, Unavailable
from burnish.core.ports import free_port
from burnish.infer.listening import HOST
from burnish.infer.memory import limit_of, needed_bytes, resident_bytes, weights_of
from burnish.settings import Settings, child_environment
from burnish.spec.served import Served
from burnish.store.blobs import Blobs

log = logging.getLogger(__name__)

START_TIMEOUT_S = 120.0
"""How long a process may take to listen; the model is loaded after that."""
STOP_TIMEOUT_S = 10.0
"""How long a process may take to end before it is killed."""
ON_ITS_WAY_S = 5.0
"""How long a request that was sent on may need to arrive: so long its base counts as in use."""
_PAUSE_S = 0.02
_BASE, _EMBED = "burnish.infer.base_process", "burnish.infer.embed_process"


@dataclass(eq=False, slots=True)
class _Seat:
    """A process, for one base or not yet for any."""

    url: str
    process: asyncio.subprocess.Process
    needs: int = 0
    """Bytes that are set aside for it."""
    asked: float = field(default_factory=time.monotonic)

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None


class Keeper:
    """Gives the address at which a base, tuned or embedding model is served; lives in one event loop."""

    def __init__(self, settings: Settings, blobs: Blobs) -> None:
        self._settings = settings
        self._blobs = blobs
        self._limit = limit_of(settings.serving.memory_bytes)
        self._seats: dict[str, _Seat] = {}
        """By base, the longest unasked first."""
        self._spare: asyncio.Task[_Seat] | None = None
        """Started ahead, so that the first base need not wait for torch to be imported."""
        self._changing = asyncio.Lock()
        self._client = httpx2.AsyncClient(timeout=5.0, trust_env=False)

    @property
    def bases(self) -> list[str]:
        """Those whose processes run."""
        return [base for base, seat in self._seats.items() if seat.is_alive]

    async def prepare(self) -> None:
        """Start a process for the base that will be asked for first."""
        self._spare = asyncio.ensure_future(self._start(_BASE))

    async def url(self, served: Served) -> str:
        """Where the model is served, once its process listens.

        Raises `InvalidRequest`, code `model_too_large`, for a base that the memory limit can never hold, `Busy` where
        those in use leave no room at present, and `Unavailable` where the process does not come up.
        """
        base = served.full_blob or self._settings.models.source(served.base)
        if served.kind == "embedder":
            base = f"{base} (embeddings)"  # the same directory may be a base, too
        seat = self._seats.get(base)
        if seat is None or not seat.is_alive:
            async with self._changing:
                seat = self._seats.get(base)
                if seat is None or not seat.is_alive:
                    seat = await self._seat(base, served)
        seat.asked = time.monotonic()
        self._seats[base] = self._seats.pop(base)
        return seat.url

    async def aclose(self) -> None:
        """End every process."""
        seats = list(self._seats.values())
        if self._spare is not None:
            if self._spare.done() and self._spare.exception() is None:
                seats.append(self._spare.result())
            self._spare.cancel()
            await asyncio.gather(self._spare, return_exceptions=True)
        await asyncio.gather(*[_stop(seat) for seat in seats])
        await self._client.aclose()

    async def _seat(self, base: str, served: Served) -> _Seat:
        if served.kind == "embedder" and find_spec("sentence_transformers") is None:
            raise InvalidRequest(
                f"The embedding model '{served.base}' needs a library that is not installed here: "
                "pip install 'burnish[embeddings]'.",
                param="model",
                code="model_not_supported",
            )
        lost = self._seats.pop(base, None)
        if lost is not None:
            log.error("a model's process died", extra={"base": base, "code": lost.process.returncode})
        needs = await asyncio.to_thread(self._needs, served)
        if needs > self._limit:
            raise InvalidRequest(
                f"The model '{served.base}' needs about {_gigabytes(needs)}, and all models together may take "
                f"{_gigabytes(self._limit)}. Raise serving.memory_bytes, or serve it from another machine.",
                param="model",
                code="model_too_large",
            )
        await self._make_room(needs)
        seat = await (self._start(_EMBED) if served.kind == "embedder" else self._spared())
        seat.needs = needs
        self._seats[base] = seat
        log.info("a model's process started", extra={"base": base, "pid": seat.process.pid, "bytes": needs})
        return seat

    async def _spared(self) -> _Seat:
        """The process that was started ahead, where there is one that still runs."""
        spare, self._spare = self._spare, None
        seat = await (self._start(_BASE) if spare is None else spare)
        return seat if seat.is_alive else await self._start(_BASE)

    def _needs(self, served: Served) -> int:
        if served.full_blob:
            return needed_bytes([], self._limit) + 2 * self._blobs.bytes_below(served.full_blob)  # they lie in float32
        limit = 0 if served.kind == "embedder" else self._limit  # it keeps no keys and values
        return needed_bytes(weights_of(self._settings.models.source(served.base)), limit)

    async def _make_room(self, needs: int) -> None:
        """Stop those unasked for longest, as far as nobody waits for their answers."""
        self._seats = {base: seat for base, seat in self._seats.items() if seat.is_alive}
        for base, seat in list(self._seats.items()):
            if self._taken() + needs <= self._limit:
                return
            if not await self._is_used(seat):
                del self._seats[base]
                await _stop(seat)
                log.info("a model's process stopped", extra={"base": base})
        if self._taken() + needs > self._limit:
            raise Busy("Other models are answering and leave no memory for this one; try again later.")

    def _taken(self) -> int:
        """Bytes that are set aside, or held where that is more."""
        return sum(max(seat.needs, resident_bytes(seat.process.pid)) for seat in self._seats.values())

    async def _is_used(self, seat: _Seat) -> bool:
        if time.monotonic() - seat.asked < ON_ITS_WAY_S:
            return True
        with suppress(httpx2.HTTPError, ValueError, KeyError):
            return bool((await self._client.get(f"{seat.url}/health")).json()["users"])
        return False

    async def _start(self, module: str) -> _Seat:
        url = f"http://{HOST}:{free_port(HOST)}"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            env=child_environment(self._settings.model_copy(update={"infer_url": url})),
            stdin=asyncio.subprocess.PIPE,
        )
        seat = _Seat(url, process)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while seat.is_alive:
                    with suppress(httpx2.TransportError):
                        await self._client.get(f"{url}/health")
                        return seat
                    await asyncio.sleep(_PAUSE_S)
        except BaseException as error:
            await _stop(seat)
            if isinstance(error, TimeoutError):
                raise Unavailable(f"The model's process did not listen within {START_TIMEOUT_S:g} s.") from error
            raise
        raise Unavailable(f"The model's process ended with code {process.returncode} before it listened.")


async def _stop(seat: _Seat) -> None:
    """Ask, wait, insist."""
    with suppress(ProcessLookupError):
        seat.process.terminate()
    try:
        await asyncio.wait_for(seat.process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            seat.process.kill()
        await seat.process.wait()
    if seat.process.stdin is not None:
        seat.process.stdin.close()


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
