"""What a job's log says of its ledger. The messages name times and money: clock fields, all but that of the plan."""

from collections.abc import Sequence
from dataclasses import asdict

from burnish.core.budget import Amounts
from burnish.core.quantity import dollars, duration
from burnish.core.records import NewEvent
from burnish.work.estimate import answers, looks, most_tokens
from burnish.work.ledger import Ledger
from burnish.work.plan import Plan


def of_plan(plan: Plan) -> NewEvent:
    """What the plan alone tells."""
    return NewEvent(
        f"Estimate from the plan: {answers(plan):,} answers to learn from, {looks(plan)} validation passes of "
        f"{plan.valid_rows * plan.eval_samples:,} answers, at most {most_tokens(plan):,} tokens"
    )


def of_first_look(estimate: Amounts) -> NewEvent:
    """What the validation pass before any update lets expect."""
    return NewEvent(f"Estimate for the whole job: {_words(estimate)}", data={"estimate": asdict(estimate)})


def of_end(ledger: Ledger) -> list[NewEvent]:
    """The estimate against the truth; nothing where none was made."""
    if ledger.estimate is None:
        return []
    made, spent = ledger.estimate, ledger.spent
    pairs = [
        f"{_tokens(spent.tokens)} ({_off(made.tokens, spent.tokens)})",
        f"{duration(spent.seconds)} ({_off(made.seconds, spent.seconds)})",
    ]
    if spent.usd > 0:
        pairs.append(f"{dollars(spent.usd)} ({_off(made.usd, spent.usd)})")
    message = f"Estimate against the truth: {_words(made)}; it took {', '.join(pairs)}"
    return [NewEvent(message, data={"estimate": asdict(made), "actual": asdict(spent)})]


def of_budget(step: int, kinds: Sequence[str], ledger: Ledger) -> NewEvent:
    """Which budgets are spent, and how to go on."""
    granted, since, spent = ledger.budget, ledger.counts_from, ledger.spent
    said = {
        "usd": lambda: f"{dollars(spent.usd - since.usd)} of {dollars(granted.usd or 0)}",
        "seconds": lambda: f"{duration(spent.seconds - since.seconds)} of {duration(granted.seconds or 0)}",
        "tokens": lambda: f"{_tokens(spent.tokens - since.tokens)} of {granted.tokens:,}",
    }
    return NewEvent(
        f"Budget spent after step {step}: {', '.join(said[kind]() for kind in kinds)}. The job pauses. To go on, "
        "resume it: that grants as much again, or what the resume request says (docs/ledger.md)",
        "warn",
        data={"budget": {"granted": asdict(granted), "counts_from": asdict(since), "spent": asdict(spent)}},
    )


def _words(estimate: Amounts) -> str:
    words = f"about {_tokens(estimate.tokens)} in {duration(estimate.seconds)}"
    return f"{words}, {dollars(estimate.usd)}" if estimate.usd > 0 else words


def _off(estimate: float, truth: float) -> str:
    """How far the truth is from the estimate."""
    return f"{(truth - estimate) / estimate:+.0%}" if estimate > 0 else "not estimated"


def _tokens(count: int) -> str:
    return f"{count:,} tokens"
