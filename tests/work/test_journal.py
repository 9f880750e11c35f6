from burnish.work.journal import StepRecord
from burnish.work.usage import Usage


def test_a_step_without_a_checkpoint_publishes_nothing():
    record = StepRecord(1, "Step 1/9", {}, 0, Usage())
    assert record.published is None
    assert list(record.rollouts) == []
