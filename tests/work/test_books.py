from dataclasses import dataclass

import pytest

from burnish.core.budget import Amounts, Budget
from burnish.prices import Prices
from burnish.work.books import Books
from burnish.work.cost import Tariff
from burnish.work.journal import StepRecord
from burnish.work.ledger import Ledger
from burnish.work.pace import Pace
from burnish.work.usage import Seconds, Tokens, Usage
from tests.work.test_estimate import PLAN

LOOK = Usage(Seconds(evaluation=5.0), Tokens(valid_prompt=400, valid_sampled=600))
STEP = Usage(Seconds(sampling=6.0, training=3.0), Tokens(train_prompt=80, train_sampled=1000, trained=900))


@dataclass
class FakeClock:
    time: float = 100.0

    def __call__(self) -> float:
        return self.time


def record(step: int, used: Usage = STEP) -> StepRecord:
    return StepRecord(step, "Step", {}, 0, used, rollouts=[{"line": 1, "reward": 1.0}])


def opened(clock: FakeClock, **fields: object) -> Books:
    """Books of a run that took 7 s to load."""
    books = Books(now=clock, **fields)  # type: ignore[arg-type]  # fields by name
    clock.time += 7.0
    books.begin()
    return books


def test_time_that_no_phase_has_is_loading_and_writing():
    books = opened(clock := FakeClock())
    clock.time += 5.5
    ledger = books.enter(PLAN, record(0, LOOK)).ledger
    assert ledger.usage.seconds == Seconds(evaluation=5.0, other=7.5)
    clock.time += 10.0
    ledger = books.enter(PLAN, record(1)).ledger
    assert ledger.usage.seconds == Seconds(sampling=6.0, training=3.0, evaluation=5.0, other=8.5)
    assert ledger.usage.tokens == LOOK.tokens + STEP.tokens
    clock.time += 2.0
    assert books.close().usage.seconds.total == pytest.approx(clock.time - 100.0)


def test_the_first_look_makes_an_estimate_and_tells_it():
    books = opened(clock := FakeClock(), tariff=Tariff(Prices(machine_hour_usd=3600.0)))
    clock.time += 5.25
    entry = books.enter(PLAN, record(0, LOOK))
    estimate = entry.ledger.estimate
    assert estimate is not None
    assert estimate.tokens == 44 * 600
    assert estimate.usd == pytest.approx(estimate.seconds)
    assert entry.left_s == pytest.approx(estimate.seconds - 7 - 5.25)
    assert [event.message[:27] for event in entry.events] == ["Estimate for the whole job:"]


def test_every_step_corrects_what_is_left():
    """36 s a step were guessed and 0.25 of writing; 9 and 0.75 it was. Nine are left, three of them validated."""
    books = opened(clock := FakeClock())
    clock.time += 5.25
    books.enter(PLAN, record(0, LOOK))
    clock.time += 9.75
    entry = books.enter(PLAN, record(1))
    assert entry.left_s == pytest.approx(9 * (36 + 9) / 2 + 6 * (0.25 + 0.75) / 2 + 3 * 5.25)
    assert entry.events == []


def test_a_step_done_again_costs_time_and_no_token():
    before = Ledger(usage=LOOK + STEP, pace=Pace(9.0, 1.0, 6.0))
    books = opened(clock := FakeClock(), ledger=before)
    clock.time += 10.0
    entry = books.enter(PLAN, record(1), is_known=True)
    assert entry.ledger == before
    clock.time += 9.0
    ledger = books.enter(PLAN, record(2)).ledger
    assert ledger.usage.tokens == LOOK.tokens + STEP.tokens + STEP.tokens
    assert ledger.usage.seconds == LOOK.seconds + STEP.seconds + STEP.seconds + Seconds(repeated=10.0, other=7.0)


def test_a_spent_budget_pauses_and_counts_anew_from_there():
    books = opened(clock := FakeClock(), budget=Budget(tokens=1500))
    clock.time += 5.0
    assert not books.enter(PLAN, record(0, LOOK)).is_spent
    clock.time += 9.0
    entry = books.enter(PLAN, record(1))
    assert entry.is_spent
    assert entry.events[-1].message.startswith("Budget spent after step 1: 1,600 tokens of 1,500.")
    assert entry.ledger.counts_from == Amounts(usd=0.0, seconds=21.0, tokens=1600)
    resumed = opened(clock, budget=Budget(tokens=1500), ledger=entry.ledger)
    clock.time += 9.0
    assert not resumed.enter(PLAN, record(2)).is_spent
    clock.time += 9.0
    assert resumed.enter(PLAN, record(3)).is_spent


def test_a_budget_spent_by_the_last_step_pauses_nothing():
    books = opened(
        clock := FakeClock(), budget=Budget(seconds=1.0), ledger=Ledger(usage=LOOK, pace=Pace(9.0, 1.0, 6.0))
    )
    clock.time += 9.0
    entry = books.enter(PLAN, record(10))
    assert (entry.is_spent, entry.events, entry.left_s) == (False, [], 0.0)


def test_a_ledger_of_an_older_burnish_gets_its_pace_from_the_next_step():
    books = opened(clock := FakeClock())
    clock.time += 10.0
    entry = books.enter(PLAN, record(5))
    assert entry.ledger.pace == Pace(9.0, 1.0, 1.0)
    assert entry.ledger.estimate is None
    assert books.left_s(PLAN, 5) == entry.left_s == pytest.approx(5 * 9 + 5 * 1)
