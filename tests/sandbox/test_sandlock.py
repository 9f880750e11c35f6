import pytest

from burnish.sandbox.choice import Refusal, find
from burnish.sandbox.probe import complaint
from tests.sandbox.cells import LIMITS


def test_it_stands_every_attack():
    found = find("sandlock")
    if isinstance(found, Refusal):
        pytest.skip(found.reason)
    assert complaint(found, LIMITS) is None
