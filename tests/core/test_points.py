import pytest

from burnish.core.points import is_step, points
from burnish.core.records import Event


def test_what_is_nested_has_a_path_and_an_entry_of_a_list_goes_by_its_name():
    data = {
        "step": 3,
        "total_steps": 9,
        "train_mean_reward": 0.5,
        "scores": {"graders": [{"name": "exact", "type": "string_check", "train_reward_mean": 1, "model": None}]},
        "model_graders_token_usage": {"gpt": {"train_prompt": 7}},
    }
    assert points(data) == {
        "train_mean_reward": 0.5,
        "scores/graders/exact/train_reward_mean": 1.0,
        "model_graders_token_usage/gpt/train_prompt": 7.0,
    }


def test_graders_of_the_same_name_are_kept_apart():
    same = [{"name": "a", "x": 1}, {"name": "b", "x": 2}, {"name": "a", "x": 3}]
    assert points({"errors": same}) == {"errors/a/x": 1.0, "errors/b/x": 2.0, "errors/a (2)/x": 3.0}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, False),
        ({"plan": {"total_steps": 9}}, False),
        ({"estimate": {"usd": 1}}, False),
        ({"step": 0, "total_steps": 9, "full_valid_mean_reward": 0.5}, True),
        ({"step": 1, "total_steps": 9}, True),
    ],
)
def test_steps_and_the_look_before_them_are_points(data, expected: bool):
    assert is_step(Event("e", "j", 1, 0, "info", "m", "message", data)) is expected
