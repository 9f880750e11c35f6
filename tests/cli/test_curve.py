from burnish.cli.curve import Curve, bars


def test_bars_are_eighths_of_one():
    assert bars([0.0, 0.5, 1.0], 10) == " ▄█"


def test_more_values_than_width_are_averaged():
    assert bars([0.0, 1.0, 1.0, 1.0], 2) == "▄█"


def test_rewards_above_one_set_the_top():
    assert bars([5.0, 2.5], 10) == "█▄"


def test_negative_rewards_are_the_floor():
    assert bars([-1.0], 10) == " "


def test_the_words_name_the_first_and_the_last_validation():
    curve = Curve()
    assert not curve.has_points
    curve.add({"step": 0, "full_valid_mean_reward": 0.3})
    curve.add({"step": 1, "total_steps": 2, "train_mean_reward": 0.4})
    curve.add({"step": 2, "total_steps": 2, "train_mean_reward": 0.6, "full_valid_mean_reward": 0.8})
    words = curve.lines()[1].plain
    assert words == "step 2/2   train reward 0.60   validation 0.30 → 0.80"


def test_events_without_rewards_change_nothing():
    curve = Curve()
    curve.add({})
    assert not curve.has_points
