from pathlib import Path

from burnish.core.records import NewEvent
from burnish.settings import Settings
from burnish.store.store import open_store, store_at
from tests.rows import job


def test_rows_survive_a_restart(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "new" / "place")
    store = open_store(settings)
    store.jobs.insert(job("ftjob-a"), NewEvent("created"))
    store.close()
    again = open_store(settings)
    assert again.jobs.get("ftjob-a") == job("ftjob-a")
    again.close()


def test_a_database_url_wins_over_the_data_directory(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    store = open_store(Settings(data_dir=tmp_path / "unused", database_url=url))
    store.jobs.insert(job("ftjob-a"), NewEvent("created"))
    store.close()
    again = store_at(url)
    assert again.jobs.get("ftjob-a") is not None
    again.close()
    assert not (tmp_path / "unused").exists()
