"""Snapshots that were damaged or deleted by hand while the run was dead: the job goes on to the same end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burnish.store.places import snapshots_blob
from tests.crash.site import JOB, Site, undisturbed, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crash")]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("harm", "newest", "reason"),
    [
        (damage, 1, "The bytes stored under"),
        (truncate, 1, "The bytes stored under"),
        (Path.unlink, 1, "The files stored under"),
        (damage, 2, "The bytes stored under"),
    ],
    ids=["one bit", "truncated", "deleted", "both"],
)
def test_a_job_goes_on_from_what_is_whole(
    tmp_path: Path, wanted: dict[str, Any], harm: Callable[[Path], None], newest: int, reason: str
):
    site = Site(tmp_path)
    with site.worker():
        until(lambda: site.store.jobs.last_step(JOB) >= 5)
    kept = site.store.jobs.require(JOB).snapshots
    step = site.store.jobs.last_step(JOB)
    assert [each.step for each in kept] == [step, step - 1]
    for each in kept[:newest]:
        harm(site.settings.data_dir / "blobs" / snapshots_blob(JOB) / f"{each.step:06d}" / "trainer.safetensors")
    with site.worker():
        until(lambda: site.is_done)
    told = [(event.level, event.message) for event in site.store.events.all(JOB) if "snapshot of step" in event.message]
    assert [level for level, _ in told] == ["warn"] * newest
    for each, (_, message) in zip(kept, told, strict=False):
        assert message.startswith(f"The snapshot of step {each.step} cannot be used: {reason}")
    after = f"after step {step - 1}" if newest == 1 else "from the beginning"
    assert f"The run had died. It goes on {after}" in [event.message for event in site.store.events.all(JOB)]
    found = site.outcome()
    assert {name: found[name] == value for name, value in wanted.items()} == dict.fromkeys(wanted, True)
    assert site.faults() == []
