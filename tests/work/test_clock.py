import pytest

from burnish.work.clock import Clock


def test_a_phase_entered_twice_adds_up():
    clock = Clock()
    with clock.phase("sampling"):
        pass
    first = clock.seconds["sampling"]
    with clock.phase("sampling"):
        pass
    assert 0 < first < clock.seconds["sampling"] <= clock.elapsed
    assert clock.seconds["training"] == 0.0


def test_a_phase_that_fails_is_still_counted():
    clock = Clock()
    with pytest.raises(RuntimeError), clock.phase("eval"):
        raise RuntimeError
    assert clock.seconds["eval"] > 0
