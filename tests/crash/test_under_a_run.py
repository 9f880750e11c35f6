"""What happens to a run's surroundings: its database is locked, its clock jumps."""

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from burnish.core.errors import StoreUnavailable
from burnish.core.job import JobStatus
from burnish.store.store import store_at
from tests.tiny import write_tiny_model
from tests.work.test_run import LONG, Shop, weights


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def test_a_database_that_is_locked_under_a_run_is_told_and_loses_nothing(tmp_path: Path, tiny: Path):
    straight, shop = Shop(tmp_path / "a", tiny, hyperparameters=LONG), Shop(tmp_path / "b", tiny, hyperparameters=LONG)
    undisturbed = straight.carry_out()
    calm = shop.run
    rows = tmp_path / "b" / "burnish.db"
    shop.run = replace(calm, store=store_at(f"sqlite:///{rows}?timeout=0.1"))
    is_over = threading.Event()

    def lock() -> None:
        with closing(sqlite3.connect(rows, isolation_level=None, timeout=60)) as other:
            while calm.store.jobs.last_step("ftjob-1") < 3:
                time.sleep(0.002)
            other.execute("BEGIN IMMEDIATE")
            is_over.wait()
            other.execute("ROLLBACK")

    somebody = threading.Thread(target=lock)
    somebody.start()
    with pytest.raises(StoreUnavailable, match=r"burnish\.db is not available \(database is locked\).* waits 0\.1 s"):
        shop.carry_out()
    is_over.set()
    somebody.join()
    shop.run.store.close()
    assert 3 <= calm.store.jobs.last_step("ftjob-1") < 16
    calm.store.jobs.release("ftjob-1", shop.claimed.attempt)
    again = calm.store.jobs.claim("worker", [JobStatus.RUNNING], 600, time.time())
    assert again is not None
    shop.run, shop.claimed = calm, again
    done = shop.carry_out()
    assert weights(shop, done.fine_tuned_model) == weights(straight, undisturbed.fine_tuned_model)
    assert shop.file(done.result_files[1]) == straight.file(undisturbed.result_files[1])


@pytest.mark.parametrize("jump_s", [-86_400.0, 86_400.0], ids=["back", "forward"])
def test_a_clock_that_jumps_changes_no_bit_and_no_event(
    tmp_path: Path, tiny: Path, jump_s: float, monkeypatch: pytest.MonkeyPatch
):
    straight, shop = Shop(tmp_path / "a", tiny), Shop(tmp_path / "b", tiny)
    undisturbed = straight.carry_out()
    real = time.time
    began_at = real()
    monkeypatch.setattr(
        time, "time", lambda: real() + (jump_s if shop.run.store.jobs.last_step("ftjob-1") >= 2 else 0.0)
    )
    done = shop.carry_out()
    assert done.status is JobStatus.SUCCEEDED
    assert weights(shop, done.fine_tuned_model) == weights(straight, undisturbed.fine_tuned_model)
    assert shop.file(done.result_files[1]) == straight.file(undisturbed.result_files[1])
    told, events = straight.run.store.events.all("ftjob-1"), shop.run.store.events.all("ftjob-1")
    assert [event.message for event in events if "Estimate" not in event.message] == [
        event.message for event in told if "Estimate" not in event.message
    ]
    assert abs(events[-1].created_at - began_at - jump_s) < 3600
    ledger = done.usage_metrics
    assert ledger is not None
    assert 0 < ledger["seconds"]["total"] < 3600
