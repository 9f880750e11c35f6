import pytest

from burnish.core.evaluation import ModelUse, RunStatus
from burnish.core.rollout import TokenUsage


@pytest.mark.parametrize("status", RunStatus)
def test_a_run_is_over_unless_it_waits_or_works(status: RunStatus):
    assert status.is_final == (status in {RunStatus.COMPLETED, RunStatus.CANCELED, RunStatus.FAILED})


def test_uses_of_a_model_add_up():
    total = ModelUse(1, TokenUsage(10, 2, 3)) + ModelUse(2, TokenUsage(5, 1, 0))
    assert total == ModelUse(3, TokenUsage(15, 3, 3))
