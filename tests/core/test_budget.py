import pytest

from burnish.core.budget import Amounts, Budget
from burnish.core.errors import InvalidRequest


def test_metadata_set_a_budget_and_other_keys_do_not_matter():
    given = {"burnish_budget_usd": "12.50", "burnish_budget_tokens": "5000", "team": "security"}
    assert Budget.of(given) == Budget(usd=12.5, seconds=None, tokens=5000)
    assert Budget.of(None) == Budget.of({"team": "security"}) == Budget()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("usd", "much"),
        ("usd", "-1"),
        ("usd", "0"),
        ("usd", "$5"),
        ("usd", "nan"),
        ("usd", "1e3"),
        ("seconds", "1 h"),
        ("seconds", ""),
        ("tokens", "1.5"),
        ("tokens", "5,000"),
        ("tokens", "٥"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_key(kind: str, text: str):
    with pytest.raises(InvalidRequest, match="Write a positive number of") as caught:
        Budget.of({f"burnish_budget_{kind}": text})
    assert (caught.value.param, caught.value.code) == (f"metadata.burnish_budget_{kind}", "invalid_value")


def test_a_misspelt_budget_is_refused():
    with pytest.raises(InvalidRequest, match="Budgets are 'burnish_budget_usd'") as caught:
        Budget.of({"burnish_budget_dollars": "5"})
    assert (caught.value.param, caught.value.code) == ("metadata.burnish_budget_dollars", "unknown_parameter")


def test_of_two_budgets_the_smaller_one_holds():
    job, house = Budget(usd=5.0, tokens=100), Budget(usd=2.0, seconds=60.0)
    assert job.within(house) == Budget(usd=2.0, seconds=60.0, tokens=100)


def test_a_budget_is_reached_when_all_of_it_is_spent_since_it_was_granted():
    budget = Budget(usd=5.0, tokens=100)
    since = Amounts(usd=1.0, seconds=0.0, tokens=50)
    assert budget.reached(Amounts(usd=5.9, seconds=1e9, tokens=149), since) == ()
    assert budget.reached(Amounts(usd=6.0, seconds=1e9, tokens=149), since) == ("usd",)
    assert budget.reached(Amounts(usd=6.0, seconds=1e9, tokens=150), since) == ("usd", "tokens")
