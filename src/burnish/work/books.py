"""Keeps a run's ledger: what each commit adds to it, what is left of the budget, and when the run will be done."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from burnish.core.budget import Budget
from burnish.core.records import NewEvent
from burnish.work.cost import Tariff
from burnish.work.estimate import FirstLook, expected, first_pace, hopeless
from burnish.work.journal import StepRecord
from burnish.work.ledger import Ledger, amounts
from burnish.work.ledger_events import of_budget, of_first_look
from burnish.work.pace import Pace
from burnish.work.plan import Plan
from burnish.work.usage import Seconds, Usage


@dataclass(frozen=True, slots=True)
class Entry:
    """What a step's commit writes of the ledger."""

    ledger: Ledger
    left_s: float | None = None
    """Seconds to the end of the run; None where nobody can tell."""
    events: Sequence[NewEvent] = ()
    is_spent: bool = False
    """Whether a budget is, so that the job must pause."""


@dataclass(slots=True)
class Books:
    """Of one run; began when its process did."""

    tariff: Tariff = field(default_factory=Tariff)
    budget: Budget = field(default_factory=Budget)
    ledger: Ledger = field(default_factory=Ledger)
    """As it was last written."""
    now: Callable[[], float] = time.perf_counter
    _last: float = field(init=False)
    """When the time up to then was accounted for."""
    _unwritten: Seconds = field(default_factory=Seconds)
    """What goes into the next entry beside its own: loading, and steps that were repeated."""

    def __post_init__(self) -> None:
        self._last = self.now()

    def begin(self) -> None:
        """The run is loaded."""
        self._unwritten += Seconds(other=self._lap())

    def left_s(self, plan: Plan, step: int) -> float | None:
        """Seconds from the end of a step to the end of the run; None where nobody can tell."""
        return self.ledger.pace.left_s(plan, step) if self.ledger.pace is not None else None

    def enter(self, plan: Plan, record: StepRecord, *, is_known: bool = False) -> Entry:
        """Account for a step; of one that is written down already, for the time that it took once more."""
        if is_known:
            self._unwritten += Seconds(repeated=self._lap())
            return Entry(self.ledger, self.left_s(plan, record.step))
        core_s = record.usage.seconds.total - record.usage.seconds.evaluation
        rest_s = self._lap() - core_s
        writing_s = max(0.0, rest_s - record.usage.seconds.evaluation)
        loading, self._unwritten = self._unwritten, Seconds()
        self._add(record.usage + Usage(seconds=loading + Seconds(other=writing_s)))
        if record.step == 0:
            look = FirstLook(record.usage, loading.total, writing_s, hopeless(plan, record.rollouts))
            events = [self._estimate(plan, look)]
        else:
            pace = self.ledger.pace or Pace(core_s, rest_s, rest_s)
            self.ledger = replace(self.ledger, pace=pace.after(plan, record.step, core_s, rest_s))
            events = []
        reached = self._reached() if record.step < plan.total_steps else ()
        if reached:
            events.append(of_budget(record.step, reached, self.ledger))
            self.ledger = replace(self.ledger, counts_from=self.ledger.spent)
        return Entry(self.ledger, self.left_s(plan, record.step), events, bool(reached))

    def close(self) -> Ledger:
        """Account for what was done after the last step."""
        closing, self._unwritten = self._unwritten, Seconds()
        self._add(Usage(seconds=closing + Seconds(other=self._lap())))
        return self.ledger

    def _lap(self) -> float:
        """Seconds since it was last asked."""
        last, self._last = self._last, self.now()
        return self._last - last

    def _add(self, used: Usage) -> None:
        ledger = self.ledger
        self.ledger = replace(
            ledger, usage=ledger.usage + used, cost=ledger.cost + self.tariff.cost(used), budget=self.budget
        )

    def _estimate(self, plan: Plan, look: FirstLook) -> NewEvent:
        whole = expected(plan, look)
        estimate = amounts(whole, self.tariff.cost(whole))
        self.ledger = replace(self.ledger, estimate=estimate, pace=first_pace(plan, look))
        return of_first_look(estimate)

    def _reached(self) -> tuple[str, ...]:
        return self.budget.reached(self.ledger.spent, self.ledger.counts_from)
