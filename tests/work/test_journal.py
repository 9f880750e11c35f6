from burnish.work.journal import StepRecord


def test_a_step_without_a_checkpoint_publishes_nothing():
    record = StepRecord(1, "Step 1/9", {}, 0, 0.5)
    assert record.published is None
    assert list(record.rollouts) == []
