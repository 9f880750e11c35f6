import pytest
from pydantic import ValidationError

from burnish.core.rollout import TokenUsage
from burnish.prices import JudgePrices, Prices

USED = TokenUsage(prompt_tokens=3_000_000, completion_tokens=500_000, cached_tokens=1_000_000)


def test_tokens_cost_what_their_kind_costs():
    # 2 million fresh ones at 1, a million cached ones at 0.25 or at 1, half a million answered at 4.
    assert JudgePrices(input_usd=1, cached_usd=0.25, output_usd=4).usd(USED) == pytest.approx(2 + 0.25 + 2)
    assert JudgePrices(input_usd=1, output_usd=4).usd(USED) == pytest.approx(3 + 2)


def test_prices_are_set_where_anything_costs_something():
    assert not Prices().is_set
    assert not Prices(judges={"a": JudgePrices()}).is_set
    assert Prices(machine_hour_usd=1).is_set
    assert Prices(judges={"a": JudgePrices(output_usd=1)}).is_set


def test_a_price_below_nothing_and_an_unknown_one_are_refused():
    for wrong in ({"machine_hour_usd": -1}, {"machine_hours": 1}, {"judges": {"a": {"input_usd": -1}}}):
        with pytest.raises(ValidationError):
            Prices.model_validate(wrong)
