import pytest

from benchmarks.speed.race import Gain, best_rates, gain, gains


def test_the_goal_is_reached_at_the_first_pass_above_it_and_only_steps_are_timed():
    assert gain(0.3, [0.4, 0.5, 0.6], [1.0, 2.0, 3.0, 4.0, 5.0]) == Gain(4, 10.0)


def test_a_goal_that_is_not_reached_is_none():
    assert gain(0.3, [0.4, 0.49], [1.0] * 4) is None


def test_each_side_takes_its_own_best_rate():
    slow, fast, never = [0.3, 0.3, 0.6], [0.6], [0.3]
    tuned = [(1e-4, _result(slow, never)), (2e-4, _result(fast, slow)), (4e-4, _result(fast, fast))]
    assert best_rates(tuned) == (2e-4, 4e-4)


def test_both_sides_are_timed_by_their_own_clock():
    ours, theirs = gains(_result([0.2, 0.9], [0.9]))
    assert ours == Gain(4, pytest.approx(4.0)) and theirs == Gain(2, pytest.approx(6.0))


def _result(ours_valid, trl_valid):
    ours = [{"seconds": 1.0}] * 6
    return {"base": 0.3, "ours": ours, "trl_s": [3.0] * 6, "ours_valid": ours_valid, "trl_valid": trl_valid}
