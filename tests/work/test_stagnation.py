import pytest

from burnish.core.records import Event
from burnish.work.stagnation import Stagnation, Validation, validations


def after(*rewards: float, patience: int | None = 3) -> Stagnation:
    """The passes of steps 0, 10, 20 and so on."""
    return Stagnation(patience).after(*(Validation(10 * place, reward) for place, reward in enumerate(rewards)))


@pytest.mark.parametrize(
    ("rewards", "passes"),
    [
        ((0.4,), 0),
        ((0.4, 0.5, 0.6), 0),
        ((0.4, 0.5, 0.45), 1),
        ((0.4, 0.5, 0.5, 0.5), 2),  # as high as the best is no improvement
        ((0.4, 0.5, 0.3, 0.4, 0.49), 3),  # rising again, but below the best
        ((0.4, 0.5, 0.3, 0.4, 0.51), 0),
        ((0.6, 0.5, 0.5, 0.5), 3),  # the pass before any update counts
    ],
)
def test_passes_are_counted_since_the_highest_reward(rewards: tuple[float, ...], passes: int):
    assert after(*rewards).passes == passes


def test_the_run_is_over_with_the_last_of_the_patience():
    assert [after(0.5, *[0.4] * count).is_over for count in range(5)] == [False, False, False, True, True]
    assert after(0.5, 0.5, patience=1).is_over


def test_without_a_patience_it_is_never_over():
    assert not after(*[0.5] * 99, patience=None).is_over


def test_a_resumed_run_comes_to_the_same():
    rewards = (0.4, 0.5, 0.3, 0.2, 0.1)
    for cut in range(len(rewards)):
        first = after(*rewards[:cut])
        rest = [Validation(10 * place, rewards[place]) for place in range(cut, len(rewards))]
        assert first.after(*rest) == after(*rewards)


def test_the_event_says_what_was_not_surpassed():
    event = after(0.4, 0.5, 0.3, 0.4, 0.49).event(90)
    assert event.message == (
        "Stopped early after step 40 of 90: in 3 validation passes in a row the mean reward was never above 0.5, "
        "which it had after step 10"
    )
    assert event.data == {"early_stop": {"step": 40, "best_step": 10, "best": 0.5}}


def test_the_passes_are_those_that_events_tell_of_up_to_a_step():
    data = [None, {"plan": {}}, {"step": 0, "full_valid_mean_reward": 0.25}, {"step": 1}]
    data += [{"step": step, "full_valid_mean_reward": step / 10} for step in (2, 4)]
    events = [Event("e", "j", number, 0, "info", "m", "message", each) for number, each in enumerate(data)]
    assert validations(events, 3) == [Validation(0, 0.25), Validation(2, 0.2)]
    assert validations(events, 4) == [Validation(0, 0.25), Validation(2, 0.2), Validation(4, 0.4)]
