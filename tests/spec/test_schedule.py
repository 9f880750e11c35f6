import pytest

from burnish.spec.job import Hyperparameters
from burnish.spec.schedule import schedule


def test_auto_aims_at_sixty_steps_and_ten_validation_passes():
    found = schedule(Hyperparameters(), train_rows=240, valid_rows=48)
    assert (found.batch_size, found.steps_per_epoch, found.n_epochs, found.total_steps) == (24, 10, 6, 60)
    assert (found.eval_interval, found.eval_samples, found.passes) == (6, 2, 11)
    assert (found.answers, found.valid_answers) == (240 * 6 * 8, 11 * 48 * 2)
    assert found.hyperparameters()["reasoning_effort"] == "medium"


def test_what_is_given_stands_and_a_batch_is_no_larger_than_the_file():
    given = Hyperparameters(n_epochs=3, batch_size=100, eval_interval=2, eval_samples=5, compute_multiplier=0.5)
    found = schedule(given, train_rows=10, valid_rows=4)
    assert (found.batch_size, found.total_steps, found.group_size) == (10, 3, 4)
    assert (found.passes, found.valid_answers) == (3, 60)


@pytest.mark.parametrize(("interval", "passes"), [(1, 5), (2, 3), (3, 3), (9, 2)])
def test_the_last_step_is_always_looked_at(interval: int, passes: int):
    given = Hyperparameters(n_epochs=4, batch_size=10, eval_interval=interval)
    assert schedule(given, train_rows=10, valid_rows=4).passes == passes
