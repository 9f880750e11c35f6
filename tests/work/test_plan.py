from dataclasses import replace

import pytest

from burnish.settings import Training
from burnish.spec.job import Hyperparameters
from burnish.work.plan import Limits, Plan, make_plan

LIMITS = Limits(
    context=4096,
    longest_prompt=96,
    reasoning_tokens=128,
    answer_tokens=512,
    lora_lr=2e-3,
    full_lr=3e-4,
    snapshot_bytes=5_000_000,
)


def plan(
    rows: int = 240, valid_rows: int = 48, training: Training | None = None, limits: Limits = LIMITS, **hyper: object
) -> Plan:
    return make_plan(
        Hyperparameters.model_validate(hyper),
        training or Training(),
        limits,
        seed=7,
        train_rows=rows,
        valid_rows=valid_rows,
        reward_range=(0.0, 1.0),
        response_schema=None,
        grade_after_sampling=False,
    )


def test_auto_aims_at_sixty_steps_of_a_tenth_of_the_rows():
    auto = plan()
    assert (auto.batch_size, auto.steps_per_epoch, auto.n_epochs, auto.total_steps) == (24, 10, 6, 60)
    assert (auto.eval_interval, auto.eval_samples, auto.group_size) == (6, 2, 8)


def test_auto_does_not_repeat_three_rows_for_ever():
    tiny = plan(rows=3, valid_rows=3)
    assert (tiny.batch_size, tiny.n_epochs, tiny.total_steps) == (3, 30, 30)


def test_steps_are_rows_over_batch_rounded_up_times_epochs():
    assert plan(rows=10, batch_size=4, n_epochs=2).total_steps == 6


def test_an_epoch_is_every_row_once():
    ten = plan(rows=10, batch_size=4, n_epochs=2)
    first = [row for step in (1, 2, 3) for row in ten.rows_at(step)]
    second = [row for step in (4, 5, 6) for row in ten.rows_at(step)]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_the_order_of_rows_hangs_on_the_seed_alone():
    assert plan(n_epochs=2).rows_at(11) == plan(n_epochs=2).rows_at(11)


def test_the_learning_rate_multiplier_multiplies():
    assert plan(learning_rate_multiplier=0.5).lr(100) == pytest.approx(1e-3)


def test_the_learning_rate_warms_up_over_five_steps():
    assert [plan().lr(step) for step in (1, 5, 6)] == pytest.approx([4e-4, 2e-3, 2e-3])


def test_full_weights_take_their_own_rate():
    assert plan(training=Training(parameters="full")).lr(9) == pytest.approx(3e-4)


def test_the_compute_multiplier_scales_the_group():
    assert [plan(compute_multiplier=each).group_size for each in (0.001, 1, 2.5)] == [2, 8, 20]


def test_the_last_step_is_validated_whatever_the_interval():
    every_four = plan(rows=10, batch_size=1, n_epochs=1, eval_interval=4)
    assert [step for step in every_four.steps() if every_four.validates_after(step)] == [4, 8, 10]


def test_default_effort_is_medium():
    assert plan().reasoning_effort == "medium"
    assert plan(reasoning_effort="high").reasoning_effort == "high"


def test_a_short_context_leaves_room_for_an_answer():
    short = make_plan(
        Hyperparameters(),
        Training(),
        replace(LIMITS, context=160, longest_prompt=100),
        seed=0,
        train_rows=4,
        valid_rows=4,
        reward_range=(0.0, 1.0),
        response_schema=None,
        grade_after_sampling=False,
    )
    assert (short.max_tokens, short.reasoning_tokens) == (60, 30)


def test_what_the_job_echoes_are_numbers():
    echoed = plan().hyperparameters()
    assert echoed["n_epochs"] == 6
    assert "auto" not in echoed.values()


def test_small_snapshots_follow_every_step_and_large_ones_fewer():
    assert all(plan().keeps(step) for step in range(1, 20))
    large = plan(limits=replace(LIMITS, snapshot_bytes=200_000_000))  # three times 64 MiB
    assert large.snapshot_interval == 3
    kept = [step for step in range(1, large.eval_interval) if large.keeps(step)]
    assert kept == [step for step in range(1, large.eval_interval) if step % 3 == 0]
    assert large.keeps(large.eval_interval)
    assert large.keeps(large.total_steps)
