import math

import pytest

from burnish.core.rollout import Group, Item, Rollout, Sample, SampleKey
from burnish.learn.advantage import credit, grpo, leave_one_out


def group(line: int, *rewards: float | None) -> Group:
    item = Item(line, (), (), {})
    return Group(
        item,
        tuple(
            Rollout(SampleKey("job", "train", 1, line, sample), item, (), Sample("", None), None, None, reward)
            for sample, reward in enumerate(rewards)
        ),
    )


def test_the_baseline_leaves_the_answer_itself_out():
    # (0 - (0.5 + 1) / 2, 0.5 - (0 + 1) / 2, 1 - (0 + 0.5) / 2)
    assert leave_one_out([0, 0.5, 1]) == pytest.approx([-0.75, 0.0, 0.75])


def test_the_baseline_of_two_is_the_other_one():
    assert leave_one_out([0.2, 0.7]) == pytest.approx([-0.5, 0.5])


def test_advantages_are_divided_by_the_batchs_deviation():
    result = credit([group(1, 0, 1), group(2, 1, 1)], reward_range=1)
    # Rewards 0, 1, 1, 1: mean 3/4, variance 3/16.
    (only,) = result.credits
    assert only.advantages == pytest.approx([-1 / math.sqrt(3 / 16), 1 / math.sqrt(3 / 16)])


def test_a_small_spread_is_not_blown_up():
    (only,) = credit([group(1, 0.50, 0.51)], reward_range=1).credits
    assert only.advantages == pytest.approx([-0.1, 0.1])  # -0.01 / 0.1, not -0.01 / 0.005


def test_the_least_spread_follows_the_graders_range():
    (only,) = credit([group(1, 5.0, 5.1)], reward_range=10).credits
    assert only.advantages == pytest.approx([-0.1, 0.1])


def test_a_group_of_equal_scores_teaches_nothing():
    result = credit([group(1, 1, 1, 1), group(2, 0, 0), group(3, 0, 1)], reward_range=1)
    assert [each.group.item.line for each in result.credits] == [3]
    assert (result.too_small, result.without_variance) == (0, 2)


def test_dust_is_no_variance():
    assert credit([group(1, 0.1 + 0.2, 0.3)], reward_range=1).credits == ()


def test_answers_without_a_reward_leave_the_group():
    result = credit([group(1, None, 0, 1), group(2, None, 1), group(3, None, None)], reward_range=1)
    (only,) = result.credits
    assert len(only.advantages) == len(only.group.counted) == 2
    assert (result.too_small, result.without_variance) == (2, 0)


def test_the_studys_recipe_divides_by_the_groups_deviation():
    assert grpo([0, 0, 1, 1]) == pytest.approx([-0.5 / 0.5001, -0.5 / 0.5001, 0.5 / 0.5001, 0.5 / 0.5001])
    (only,) = credit([group(1, 0, 0, 1, 1)], reward_range=1, baseline="grpo").credits
    assert only.advantages == pytest.approx(grpo([0, 0, 1, 1]))


def test_nothing_gives_nothing():
    assert credit([], reward_range=1).credits == ()
