import pytest

from burnish.core.rollout import Grade, Group, TokenUsage
from burnish.work.clock import Clock
from burnish.work.usage import Seconds, Tokens, Usage, used_by
from tests.work.made import group, item, rollout


def clock(**seconds: float) -> Clock:
    made = Clock()
    made.seconds.update(seconds)  # type: ignore[typeddict-item, arg-type]  # phases by name
    return made


def test_phases_do_not_overlap_though_the_clocks_do():
    used = used_by([], [], 0, clock(sampling=10.0, grading=4.0, training=3.0, eval=2.0))
    assert used.seconds == Seconds(sampling=6.0, grading=4.0, training=3.0, evaluation=2.0)
    assert used.seconds.total == 15.0


def test_tokens_of_training_and_validation_are_counted_apart():
    """Each answer of these has a prompt of 2 tokens."""
    train = Group(item(), (rollout(1.0, tokens=4), rollout(0.0, sample=1, tokens=7)))
    used = used_by([train], [group([1.0, 0.0, 0.0])], 9, clock())
    assert used.tokens == Tokens(train_prompt=4, train_sampled=11, valid_prompt=6, valid_sampled=12, trained=9)
    assert used.tokens.sampled == 23


def test_judges_and_sandboxes_are_counted_in_training_and_validation():
    judge = Grade("judge", "score_model", 1.0, usage={"gpt": TokenUsage(100, 20, 60)})
    code = Grade("code", "python", 1.0, sandbox_seconds=0.5, seconds=9.0)
    both = Grade("both", "multi", 1.0, parts={"a": judge, "b": code}, usage=judge.usage)
    ungraded = rollout(None)
    used = used_by(
        [Group(item(), (rollout(1.0, grade=both), ungraded))], [Group(item(), (rollout(1.0, grade=both),))], 0, clock()
    )
    assert used.judges == {"gpt": TokenUsage(200, 40, 120)}
    assert used.python_seconds == pytest.approx(1.0)


def test_a_lone_python_graders_time_is_counted_once():
    code = Grade("code", "python", 1.0, sandbox_seconds=0.25)
    assert used_by([Group(item(), (rollout(1.0, grade=code),))], [], 0, clock()).python_seconds == 0.25


def test_usages_add_up():
    one = Usage(Seconds(sampling=1.0), Tokens(trained=3), {"gpt": TokenUsage(1, 2, 0)}, 0.5)
    two = Usage(
        Seconds(sampling=2.0, other=1.0), Tokens(trained=4), {"gpt": TokenUsage(10, 20, 5), "x": TokenUsage(7, 7)}
    )
    assert one + two == Usage(
        Seconds(sampling=3.0, other=1.0), Tokens(trained=7), {"gpt": TokenUsage(11, 22, 5), "x": TokenUsage(7, 7)}, 0.5
    )
