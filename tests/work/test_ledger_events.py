from burnish.core.budget import Amounts, Budget
from burnish.work.cost import Cost
from burnish.work.ledger import Ledger
from burnish.work.ledger_events import of_budget, of_end, of_first_look, of_plan
from burnish.work.usage import Seconds, Tokens, Usage
from tests.work.test_estimate import PLAN

SPENT = Ledger(
    usage=Usage(Seconds(sampling=3_900.0), Tokens(train_sampled=12_000, valid_sampled=3_000)),
    cost=Cost(3.0),
    estimate=Amounts(usd=2.5, seconds=3_000.0, tokens=20_000),
)


def test_the_plan_tells_how_much_there_is_to_do():
    most = (2 * 800 + 4 * 20) * PLAN.max_tokens
    assert of_plan(PLAN).message == (
        f"Estimate from the plan: 800 answers to learn from, 4 validation passes of 20 answers, at most {most:,} tokens"
    )


def test_an_estimate_names_money_only_where_something_costs():
    free = of_first_look(Amounts(usd=0.0, seconds=59.6, tokens=1234))
    assert free.message == "Estimate for the whole job: about 1,234 tokens in 1 min 0 s"
    assert free.data == {"estimate": {"usd": 0.0, "seconds": 59.6, "tokens": 1234}}
    priced = of_first_look(Amounts(usd=0.05, seconds=7_260.0, tokens=1))
    assert priced.message == "Estimate for the whole job: about 1 tokens in 2 h 1 min, 0.0500 USD"


def test_the_end_compares_the_estimate_with_the_truth():
    (event,) = of_end(SPENT)
    assert event.message == (
        "Estimate against the truth: about 20,000 tokens in 50 min 0 s, 2.50 USD; "
        "it took 15,000 tokens (-25%), 1 h 5 min (+30%), 3.00 USD (+20%)"
    )
    assert event.data == {
        "estimate": {"usd": 2.5, "seconds": 3_000.0, "tokens": 20_000},
        "actual": {"usd": 3.0, "seconds": 3_900.0, "tokens": 15_000},
    }
    assert of_end(Ledger()) == []


def test_a_spent_budget_is_told_with_its_amounts_since_it_was_granted():
    ledger = Ledger(
        usage=SPENT.usage,
        cost=SPENT.cost,
        budget=Budget(usd=2.0, tokens=10_000),
        counts_from=Amounts(usd=0.5, seconds=0.0, tokens=4_000),
    )
    event = of_budget(7, ("usd", "tokens"), ledger)
    assert event.message.startswith("Budget spent after step 7: 2.50 USD of 2.00 USD, 11,000 tokens of 10,000. The job")
    assert event.level == "warn"
    assert event.data is not None
    assert event.data["budget"]["granted"] == {"usd": 2.0, "seconds": None, "tokens": 10_000}
