"""The evaluator: claims runs under a lease, and carries out several at a time."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from burnish.chats import Chats
from burnish.core.errors import BurnishError, LeaseLost, StoreUnavailable
from burnish.core.evaluation import Eval, EvalRun, RunStatus
from burnish.core.records import JobError
from burnish.evals.conduct import DATA_SOURCE, Conduct
from burnish.evals.criterion import Criterion
from burnish.evals.rows import Source
from burnish.settings import Settings
from burnish.store.blobs import Blobs
from burnish.store.store import Store
from burnish.toolbox import Toolbox

log = logging.getLogger(__name__)

RUNS = 8
"""Most runs at a time. They share the places for answers."""


@dataclass(slots=True)
class _Running:
    run: EvalRun
    task: "asyncio.Task[None]"
    renewed: float
    """When the lease was last renewed, on the monotonic clock."""


@dataclass(slots=True)
class Evaluator:
    """Lives in one event loop."""

    settings: Settings
    store: Store
    blobs: Blobs
    chats: Chats
    toolbox: Toolbox
    clock: Callable[[], float] = time.time
    _running: list[_Running] = field(default_factory=list)

    async def work(self, stopping: asyncio.Event) -> None:
        """Until told to stop; runs under way are given back, for the next evaluator to go on with."""
        slots = asyncio.Semaphore(self.settings.evals.concurrency)
        try:
            while not stopping.is_set():
                if not await self._turn_if_possible(slots):
                    await _wait(stopping, self.settings.poll_s)
        finally:
            await self._give_back()

    async def _turn_if_possible(self, slots: asyncio.Semaphore) -> bool:
        """Whether there was something to do. A store that is locked, full or away is waited for."""
        try:
            await self._tend()
            return await self._start(slots)
        except StoreUnavailable as error:
            log.error("the store is not available; trying again", extra={"error": error.message})
            return False

    async def _start(self, slots: asyncio.Semaphore) -> bool:
        if len(self._running) >= RUNS:
            return False
        run = await asyncio.to_thread(self.store.eval_runs.claim, self.settings.lease_s, self.clock())
        if run is None:
            return False
        log.info("starting a run of an eval", extra={"run": run.id, "attempt": run.attempt})
        self._running.append(_Running(run, asyncio.create_task(self._carry_out(run, slots)), time.monotonic()))
        return True

    async def _tend(self) -> None:
        """Renew the leases; stop what is no longer ours, a canceled run say."""
        self._running = [each for each in self._running if not each.task.done()]
        for each in self._running:
            if time.monotonic() - each.renewed < min(self.settings.lease_s / 6, 2.0):
                continue
            each.renewed = time.monotonic()
            is_ours = await asyncio.to_thread(
                self.store.eval_runs.heartbeat, each.run.id, each.run.attempt, self.settings.lease_s, self.clock()
            )
            if not is_ours:
                each.task.cancel()

    async def _give_back(self) -> None:
        for each in self._running:
            each.task.cancel()
        await asyncio.gather(*(each.task for each in self._running), return_exceptions=True)
        for each in self._running:
            try:
                await asyncio.to_thread(self.store.eval_runs.release, each.run.id, each.run.attempt)
            except StoreUnavailable as error:
                log.error("the store is not available; the lease will run out", extra={"error": error.message})

    async def _carry_out(self, run: EvalRun, slots: asyncio.Semaphore) -> None:
        """From a claim to an end. Whatever goes wrong with the run as a whole is its error."""
        try:
            await (await self._conduct(run, slots)).carry_out()
            await self._finish(run, RunStatus.COMPLETED)
        except LeaseLost:
            log.info("the run is no longer this evaluator's", extra={"run": run.id})
        except StoreUnavailable as error:
            log.error("the store is not available; the run goes on later", extra={"error": error.message})
        except BurnishError as error:
            await self._finish(
                run, RunStatus.FAILED, JobError(error.code or "server_error", error.message, error.param)
            )
        except Exception as error:
            log.exception("the run raised", extra={"run": run.id})
            message = f"Internal error: {type(error).__name__}: {error}"
            await self._finish(run, RunStatus.FAILED, JobError("server_error", message, None))

    async def _conduct(self, run: EvalRun, slots: asyncio.Semaphore) -> Conduct:
        made = await asyncio.to_thread(self._eval_of, run)
        store = self.store.of(made.project)
        chats = self.chats.of(store.models)
        tools = self.toolbox.tools(chats)
        return Conduct(
            run=run,
            made=made,
            source=Source(run, DATA_SOURCE.validate_python(run.data_source), store, self.blobs),
            criteria=tuple(Criterion.of(stored, tools) for stored in made.testing_criteria),
            chat=await chats.find(run.model, shows_reasoning=True) if run.model is not None else chats,
            store=store,
            slots=slots,
        )

    def _eval_of(self, run: EvalRun) -> Eval:
        return self.store.evals.require(run.eval_id)

    async def _finish(self, run: EvalRun, status: RunStatus, error: JobError | None = None) -> None:
        def finish() -> None:
            self.store.eval_runs.finish(run.id, run.attempt, status, now=self.clock(), error=error)

        try:
            await asyncio.to_thread(finish)
        except LeaseLost:
            log.info("the run is no longer this evaluator's", extra={"run": run.id})


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
