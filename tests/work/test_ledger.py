import json

from burnish.core.budget import Amounts, Budget
from burnish.core.rollout import TokenUsage
from burnish.work.cost import Cost
from burnish.work.ledger import Ledger
from burnish.work.pace import Pace
from burnish.work.usage import Seconds, Tokens, Usage

FULL = Ledger(
    usage=Usage(
        Seconds(sampling=10.0, training=5.0, other=1.0),
        Tokens(train_prompt=10, train_sampled=20, valid_prompt=3, valid_sampled=4, trained=18),
        {"gpt": TokenUsage(100, 20, 60)},
        python_seconds=0.5,
    ),
    cost=Cost(1.5, {"gpt": 0.25}),
    budget=Budget(usd=5.0),
    counts_from=Amounts(usd=1.0, seconds=3.0, tokens=7),
    estimate=Amounts(usd=2.0, seconds=20.0, tokens=30),
    pace=Pace(2.0, 0.5, 3.0),
)


def test_a_ledger_is_shown_whole():
    assert FULL.record() == {
        "seconds": {
            "sampling": 10.0,
            "grading": 0.0,
            "training": 5.0,
            "evaluation": 0.0,
            "repeated": 0.0,
            "other": 1.0,
            "total": 16.0,
        },
        "tokens": {"train_prompt": 10, "train_sampled": 20, "valid_prompt": 3, "valid_sampled": 4, "trained": 18},
        "model_graders_token_usage": {"gpt": {"prompt_tokens": 100, "completion_tokens": 20, "cached_tokens": 60}},
        "python_grader_seconds": 0.5,
        "cost": {"machine_usd": 1.5, "judges_usd": {"gpt": 0.25}, "total_usd": 1.75},
        "budget": {
            "granted": {"usd": 5.0, "seconds": None, "tokens": None},
            "counts_from": {"usd": 1.0, "seconds": 3.0, "tokens": 7},
        },
        "estimate": {"usd": 2.0, "seconds": 20.0, "tokens": 30},
        "pace": {"step": 2.0, "writing": 0.5, "validation": 3.0},
    }


def test_what_is_shown_can_be_gone_on_from():
    for ledger in (FULL, Ledger()):
        assert Ledger.of(json.loads(json.dumps(ledger.record()))) == ledger


def test_spent_are_money_time_and_sampled_tokens():
    assert FULL.spent == Amounts(usd=1.75, seconds=16.0, tokens=24)
