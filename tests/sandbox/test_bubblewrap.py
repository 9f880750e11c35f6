import shutil
from pathlib import Path

import pytest

from burnish.sandbox.bubblewrap import Bubblewrap
from burnish.sandbox.probe import complaint
from tests.sandbox.cells import LIMITS


@pytest.fixture
def bubblewrap():
    executable = shutil.which("bwrap")
    if executable is None:
        pytest.skip("bwrap is not installed (Debian: apt install bubblewrap)")
    return Bubblewrap(executable)


def test_it_stands_every_attack(bubblewrap):
    assert complaint(bubblewrap, LIMITS) is None


def test_the_scratch_directory_keeps_out_of_the_way_of_the_packages(bubblewrap):
    started = bubblewrap.start(LIMITS, Path("/tmp"))
    started.close()
    assert started.configuration["scratch"] != "/tmp"


def test_an_executable_that_fails_is_told_with_its_own_words():
    assert "cannot be started" in str(complaint(Bubblewrap("/nowhere/bwrap"), LIMITS))
    assert "failed" in str(complaint(Bubblewrap(str(shutil.which("false"))), LIMITS))
