import pytest

from burnish.work.clock import Clock
from burnish.work.pulse import Pulse


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


def test_a_phase_shows_in_the_pulse():
    pulse, seen = Pulse(), list[str]()
    clock = Clock(pulse)
    for phase in ("sampling", "eval"):
        with clock.phase(phase):
            seen.append(pulse.sign.stage)
    assert seen == ["sampling", "validation"]
