import pytest

from burnish.work.pace import Pace
from tests.work.test_plan import plan

PLAN = plan(rows=100, batch_size=10, n_epochs=1, eval_interval=4)
"""10 steps; 4, 8 and 10 are validated."""


def test_what_is_left_counts_validated_steps_apart():
    """After step 5: five steps at 2 s, of which 8 and 10 take 3 s more each and the other three 0.5."""
    assert Pace(step=2.0, writing=0.5, validation=3.0).left_s(PLAN, 5) == pytest.approx(5 * 2 + 3 * 0.5 + 2 * 3)
    assert Pace(2.0, 0.5, 3.0).left_s(PLAN, 10) == 0.0


def test_the_first_step_is_averaged_with_what_was_guessed():
    """First steps are slow ones: what they run was never run before."""
    after = Pace(step=9.0, writing=1.0, validation=5.0).after(PLAN, 1, core_s=2.0, rest_s=2.0)
    assert after == Pace(step=5.5, writing=1.5, validation=5.0)


def test_a_validated_step_says_nothing_of_the_others():
    """Step 4 is the first validated one; its rest is averaged with the guess, and its core weighs a fifth."""
    after = Pace(step=2.0, writing=0.5, validation=3.0).after(PLAN, 4, core_s=7.0, rest_s=4.0)
    assert after == Pace(step=3.0, writing=0.5, validation=3.5)


def test_old_steps_fade():
    """However many there were, the newest weighs a fifth."""
    after = Pace(step=2.0, writing=0.0, validation=0.0).after(PLAN, 9, core_s=7.0, rest_s=0.0)
    assert after.step == pytest.approx(3.0)
