"""A short version of `make crash`."""

from pathlib import Path

import pytest

from tests.crash.harness import disturbed, undisturbed

KILLS = 5


@pytest.mark.slow
def test_a_job_whose_processes_are_killed_ends_as_if_nothing_had_happened(tmp_path: Path):
    wanted = undisturbed(tmp_path / "undisturbed")
    site, deeds = disturbed(tmp_path / "disturbed", seed=1, kills=KILLS)
    found = site.outcome()
    assert {name: found[name] == value for name, value in wanted.items()} == dict.fromkeys(wanted, True), deeds
    assert site.leftovers() == []
