"""Python graders, kept in: warm sandboxes, one per grader and core, each grading one answer at a time."""

import asyncio
import dataclasses
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.sandbox.cell import Cell, Died
from burnish.sandbox.choice import Choice, choose
from burnish.sandbox.image import Image
from burnish.sandbox.limits import Limits
from burnish.settings import Settings

log = logging.getLogger(__name__)

_SPARE_CELLS = 4


class PythonSandbox:
    """Runs `grade` of any source, with as many at a time as `grading.concurrency` says; the others wait.

    Nothing is started, and no backend chosen, before it is needed. May be used from several event loops.
    """

    def __init__(self, settings: Settings, limits: Limits | None = None, choice: Choice | None = None) -> None:
        """`choice` spares the probe."""
        self._limits = limits or Limits()
        self._image = Image(settings.data_dir)
        self._grading = settings.grading
        self._choice = choice
        self._choosing = threading.Lock()
        self._lock = threading.Lock()
        self._busy: set[Cell] = set()
        self._idle: list[Cell] = []
        """The longest unused first."""
        self._is_closed = False
        self._workers = settings.grading.concurrency or _cores()
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="sandbox")

    @property
    def choice(self) -> Choice:
        """The backend; found by the first who asks, within a second or two."""
        with self._choosing:
            if self._choice is None:
                self._choice = choose(self._grading)
                name = self._choice.backend.name if self._choice.backend else None
                log.info("sandbox chosen", extra={"backend": name, "refused": [str(r) for r in self._choice.refused]})
            return self._choice

    def refusal(self) -> str | None:
        """Why no grader can run here; None where they can."""
        return self.choice.refusal

    async def grade(self, source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        """How `grade(sample, item)` of the source ended. Raises `GraderUnavailable`."""
        ticket, loop = _Ticket(), asyncio.get_running_loop()
        try:
            waiting = loop.run_in_executor(self._threads, self._timed, ticket, source, sample, item)
        except RuntimeError as error:
            raise GraderUnavailable("The sandbox is closed.") from error
        try:
            return await waiting
        except asyncio.CancelledError:
            ticket.cancel()
            raise

    def close(self) -> None:
        """End all sandboxes; grades under way fail."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            for cell in self._busy:
                cell.stop()
        for cell in idle:
            cell.close()
        self._threads.shutdown(cancel_futures=True)

    def _timed(self, ticket: "_Ticket", source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        started = time.perf_counter()
        outcome = self._grade(ticket, source, sample, item)
        return dataclasses.replace(outcome, seconds=time.perf_counter() - started)

    def _grade(self, ticket: "_Ticket", source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        """A sandbox that dies gets a second chance: it may have been the machine's doing, once."""
        why = ""
        for is_fresh in (False, True):
            cell = self._take(source, is_fresh=is_fresh)
            try:
                ticket.give(cell)
                return cell.grade(sample, item)
            except Died as error:
                why = str(error)
                log.warning("a sandbox died", extra={"reason": why, "again": not is_fresh})
            finally:
                ticket.give(None)
                self._give_back(cell)
            if self._is_closed or ticket.is_cancelled:
                raise GraderUnavailable("The sandbox was closed.")
        return Outcome(None, f"The grader brought its sandbox down ({why}), and so it did when tried again.")

    def _take(self, source: str, *, is_fresh: bool) -> Cell:
        """A cell that nobody else has."""
        with self._lock:
            cell = None if is_fresh else next((each for each in self._idle if each.source == source), None)
            if cell is not None:
                self._idle.remove(cell)
                self._busy.add(cell)
        if cell is not None and cell.is_alive:
            return cell
        if cell is not None:
            self._give_back(cell)
        backend = self.choice.backend
        if backend is None:
            raise GraderUnavailable(self.choice.refusal or "")
        cell = Cell(backend, source, self._limits, self._image)
        with self._lock:
            self._busy.add(cell)
            is_late = self._is_closed
        if is_late:
            self._give_back(cell)
            raise GraderUnavailable("The sandbox was closed.")
        return cell

    def _give_back(self, cell: Cell) -> None:
        with self._lock:
            self._busy.discard(cell)
            surplus = [cell]
            if cell.is_alive and not self._is_closed:
                self._idle.append(cell)
                surplus = self._idle[: -2 * self._workers - _SPARE_CELLS]
                self._idle = self._idle[len(surplus) :]
        for each in surplus:
            each.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class _Ticket:
    """Lets a grade be given up while a thread waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cell: Cell | None = None
        self.is_cancelled = False

    def give(self, cell: Cell | None) -> None:
        with self._lock:
            self._cell = cell
            if self.is_cancelled and cell is not None:
                cell.stop()

    def cancel(self) -> None:
        with self._lock:
            self.is_cancelled = True
            if self._cell is not None:
                self._cell.stop()
