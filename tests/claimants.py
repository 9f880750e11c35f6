"""What a child process of a test does to a shared database; spawned, so it must be importable."""

from pathlib import Path

from burnish.core.job import JobStatus
from burnish.store.database import open_database
from burnish.store.files import insert_file
from burnish.store.store import store_at
from tests.rows import NOW, file


def open_and_insert(url: str, file_id: str) -> None:
    """Open a database that may not be there yet, and write one row."""
    database = open_database(url)
    with database.write() as connection:
        insert_file(connection, file(file_id))
    database.engine.dispose()


def claim_all(url: str, worker: str, out: Path) -> None:
    """Claim until nothing is left, and write down what was claimed."""
    store = store_at(url)
    claimed = []
    while (mine := store.jobs.claim(worker, list(JobStatus), 60.0, NOW)) is not None:
        claimed.append(f"{mine.id} {mine.attempt}\n")
    out.write_text("".join(claimed))
    store.close()
