from burnish.core.records import Checkpoint
from burnish.work.ranking import best_last, superseded


def checkpoint(step: int, reward: float) -> Checkpoint:
    return Checkpoint(f"c{step}", "ftjob-1", 0, step, f"m{step}", {"full_valid_mean_reward": reward})


def test_of_equal_rewards_the_later_step_stays():
    dropped = superseded([checkpoint(1, 0.5), checkpoint(2, 0.5), checkpoint(3, 0.4)], keep=1)
    assert [each.step for each in dropped] == [3, 1]


def test_the_best_checkpoint_is_the_one_with_the_highest_reward_and_of_equals_the_later():
    rewards = {1: 0.5, 2: 0.7, 3: 0.7, 4: 0.6}
    paused = Checkpoint("c9", "ftjob-1", 0, 9, "m9", {"step": 9})
    ranked = best_last([paused, *(checkpoint(step, reward) for step, reward in rewards.items())])
    assert [each.step for each in ranked] == [1, 4, 2, 3]


def test_a_checkpoint_that_a_pause_wrote_stays():
    paused = Checkpoint("c9", "ftjob-1", 0, 9, "m9", {"step": 9})
    assert [each.step for each in superseded([paused, checkpoint(1, 0.5), checkpoint(2, 0.6)], keep=1)] == [1]


def test_nothing_is_dropped_while_there_is_room():
    assert superseded([checkpoint(1, 0.5)], keep=3) == []
