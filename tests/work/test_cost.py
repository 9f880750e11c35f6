import pytest

from burnish.core.rollout import TokenUsage
from burnish.prices import JudgePrices, Prices
from burnish.work.cost import Cost, Tariff
from burnish.work.usage import Seconds, Usage

PRICES = Prices(
    machine_hour_usd=3.6,
    judges={"judge": JudgePrices(input_usd=2.0, cached_usd=0.5, output_usd=8.0), "plain": JudgePrices(input_usd=1.0)},
)


def test_an_hours_price_is_taken_by_the_second_whatever_the_machine_is_at():
    used = Usage(Seconds(sampling=600.0, training=300.0, repeated=50.0, other=50.0))
    assert Tariff(PRICES).cost(used).machine_usd == pytest.approx(1.0)


def test_a_judges_cached_tokens_have_their_own_price():
    """400,000 fresh at 2, 600,000 cached at 0.5 and 100,000 out at 8 a million: 0.8 + 0.3 + 0.8."""
    cost = Tariff(PRICES).cost(Usage(judges={"judge": TokenUsage(1_000_000, 100_000, 600_000)}))
    assert cost.judges_usd == {"judge": pytest.approx(1.9)}
    assert cost.total_usd == pytest.approx(1.9)


def test_without_a_price_for_cached_tokens_they_cost_what_others_do():
    cost = Tariff(PRICES).cost(Usage(judges={"plain": TokenUsage(1_000_000, 100_000, 600_000)}))
    assert cost.judges_usd == {"plain": pytest.approx(1.0)}


def test_an_alias_costs_what_its_model_does_and_a_judge_without_a_price_nothing():
    used = Usage(judges={"gpt-4.1": TokenUsage(500_000, 0), "local": TokenUsage(500_000, 0)})
    cost = Tariff(PRICES, {"gpt-4.1": "judge"}).cost(used)
    assert cost.judges_usd == {"gpt-4.1": pytest.approx(1.0)}


def test_costs_add_up_judge_by_judge():
    total = Cost(1.0, {"a": 0.5}) + Cost(2.0, {"a": 0.25, "b": 1.0})
    assert total == Cost(3.0, {"a": 0.75, "b": 1.0})
    assert (total.all_judges_usd, total.total_usd) == (1.75, 4.75)
