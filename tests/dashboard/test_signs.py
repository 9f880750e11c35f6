from burnish.dashboard.signs import signs


def _curve(*values: float) -> list[list[float]]:
    return [[step, value] for step, value in enumerate(values, start=1)]


def test_a_sound_run_warns_of_nothing():
    rising = _curve(*(0.1 * step for step in range(10)))
    assert signs({"scores/train_reward_mean": rising, "completion_tokens_mean": _curve(*[50.0] * 10)}) == []
    assert signs({}) == []


def test_answers_that_grow_without_end_are_named():
    found = signs({"completion_tokens_mean": _curve(*[40.0] * 5, *[200.0] * 5)})
    assert len(found) == 1 and "from 40 to 200 tokens" in found[0]


def test_answers_that_are_cut_off_are_named():
    assert "50% of answers are cut off" in signs({"burnish/truncated_mean": _curve(*[0.5] * 5)})[0]


def test_groups_that_teach_nothing_are_named_with_the_likely_reason():
    flat = {"burnish/zero_variance": _curve(*[0.8] * 5)}
    assert "too coarse" in signs(flat)[0]
    assert "too easy" in signs({**flat, "scores/train_reward_mean": _curve(*[0.95] * 5)})[0]


def test_the_grader_that_fails_most_is_named():
    faults = {
        "errors/graders/a/train_other_error_mean": _curve(*[0.05] * 5),
        "errors/graders/b/train_other_error_mean": _curve(*[0.5] * 5),
    }
    assert "Grader 'b' fails on 50%" in signs(faults)[0]


def test_train_and_validation_reward_that_part_are_named():
    train = _curve(*[0.2] * 5, *[0.9] * 5)
    assert (
        "part" in signs({"scores/train_reward_mean": train, "scores/valid_reward_mean": _curve(0.2, 0.6, 0.5, 0.4)})[0]
    )
    assert signs({"scores/train_reward_mean": train, "scores/valid_reward_mean": _curve(0.2, 0.6, 0.8, 0.85)}) == []


def test_a_sampler_that_the_trainer_does_not_know_is_named():
    assert "disagree by 0.100 nats" in signs({"burnish/logp_gap_mean": _curve(*[0.1] * 5)})[0]
