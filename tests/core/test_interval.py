import pytest

from burnish.core.interval import Interval, bootstrap


def test_equal_values_leave_no_doubt():
    assert bootstrap([0.5] * 10) == Interval(0.5, 0.5, 0.5)


def test_the_interval_of_a_fair_coin_is_that_of_the_binomial():
    interval = bootstrap([0.0, 1.0] * 50)  # standard error sqrt(.25/100) = .05, so 1.96 of them either side
    assert interval.mean == 0.5
    assert interval.low == pytest.approx(0.402, abs=0.02)
    assert interval.high == pytest.approx(0.598, abs=0.02)


def test_the_same_seed_gives_the_same_interval():
    values = [0.1, 0.9, 0.4, 0.7, 0.2]
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3)


def test_intervals_that_touch_are_not_apart():
    assert not Interval(0.5, 0.4, 0.6).is_apart_from(Interval(0.7, 0.6, 0.8))
    assert Interval(0.5, 0.4, 0.6).is_apart_from(Interval(0.8, 0.7, 0.9))


def test_no_values_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        bootstrap([])
