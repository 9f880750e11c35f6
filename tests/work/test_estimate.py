import pytest

from burnish.core.rollout import TokenUsage
from burnish.work.estimate import TRAINING, FirstLook, answers, expected, first_pace, hopeless, looks, most_tokens
from burnish.work.pace import Pace
from burnish.work.usage import Seconds, Tokens, Usage
from tests.work.test_plan import plan

PLAN = plan(rows=100, valid_rows=10, batch_size=10, n_epochs=1, eval_interval=4, eval_samples=2)
"""10 steps of 80 answers; 4, 8 and 10 validated, by 20 answers each."""
LOOK = FirstLook(
    Usage(
        Seconds(evaluation=5.0),
        Tokens(valid_prompt=400, valid_sampled=600),
        {"gpt": TokenUsage(2000, 100, 50)},
        python_seconds=0.5,
    ),
    loading_s=7.0,
    writing_s=0.25,
    hopeless=0.5,
)


def test_the_plan_alone_tells_how_many_answers_there_will_be():
    assert (answers(PLAN), looks(PLAN)) == (800, 4)
    assert most_tokens(PLAN) == (2 * 800 + 4 * 20) * PLAN.max_tokens


def test_training_answers_take_what_those_of_the_first_look_took():
    """800 answers and half as many again are 60 looks of 20; and there are four looks."""
    whole = expected(PLAN, LOOK)
    assert whole.tokens == Tokens(train_prompt=24_000, train_sampled=36_000, valid_prompt=1600, valid_sampled=2400)
    assert whole.judges == {"gpt": TokenUsage(64 * 2000, 64 * 100, 64 * 50)}
    assert whole.python_seconds == 32.0
    assert whole.seconds == Seconds(sampling=300.0, training=300 * TRAINING, evaluation=20.0, other=7 + 11 * 0.25)


def test_the_first_pace_comes_to_the_same_time():
    """All but loading, the first look and its writing is left then."""
    pace = first_pace(PLAN, LOOK)
    assert pace == Pace(step=pytest.approx(30 * (1 + TRAINING)), writing=0.25, validation=5.25)
    assert pace.left_s(PLAN, 0) == pytest.approx(expected(PLAN, LOOK).seconds.total - 7 - 5 - 0.25)


def rewards(*rows: list[float | None]) -> list[dict[str, float | int | None]]:
    return [{"line": line, "reward": reward} for line, row in enumerate(rows, 1) for reward in row]


def test_rows_with_a_reward_in_the_upper_half_or_with_different_ones_have_hope():
    assert hopeless(PLAN, rewards([0.0, 1.0], [1.0, 1.0], [0.6, 0.6], [0.1, 0.2])) == 0.0
    assert hopeless(PLAN, rewards([None, None])) == hopeless(PLAN, []) == 0.0


def test_a_row_that_failed_twice_alike_will_fail_all_of_the_next_with_jeffreys_chance():
    """In groups of two: (2.5 / 3) x (3.5 / 4) after two failures, (1.5 / 2) x (2.5 / 3) after one."""
    pairs = plan(rows=100, valid_rows=10, compute_multiplier=0.1)
    assert pairs.group_size == 2
    assert hopeless(pairs, rewards([0.0, 0.0], [1.0, 1.0])) == pytest.approx(2.5 / 3 * 3.5 / 4 / 2)
    assert hopeless(pairs, rewards([0.0, None])) == pytest.approx(1.5 / 2 * 2.5 / 3)
