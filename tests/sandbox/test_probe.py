import shutil

from burnish.sandbox.bubblewrap import Bubblewrap
from burnish.sandbox.probe import complaint
from tests.sandbox.cells import LIMITS, any_backend


def test_a_sandbox_that_holds_is_taken():
    assert complaint(any_backend(), LIMITS) is None


def test_one_that_does_not_come_up_says_why(tmp_path):
    wrapper = tmp_path / "bwrap"
    wrapper.write_text("#!/bin/sh\necho 'no permission to create a namespace' >&2\nexit 1\n")
    wrapper.chmod(0o755)
    said = complaint(Bubblewrap(str(wrapper)), LIMITS)
    assert said == "The sandbox (bubblewrap) failed: no permission to create a namespace"
    assert shutil.which("sh") is not None
