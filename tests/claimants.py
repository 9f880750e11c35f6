"""What a child process of a test does to a shared database; spawned, so it must be importable."""

from pathlib import Path

import sqlalchemy as sa

from burnish.core.job import JobStatus
from burnish.store.database import open_database
from burnish.store.store import store_at
from burnish.store.tables import files
from tests.rows import NOW


def open_and_insert(url: str, file_id: str) -> None:
    """Open a database that may not be there yet, and write one row."""
    database = open_database(url)
    with database.write() as connection:
        connection.execute(sa.insert(files).values(id=file_id, bytes=1, created_at=NOW, filename="f", purpose="batch"))
    database.engine.dispose()


def claim_all(url: str, worker: str, out: Path) -> None:
    """Claim until nothing is left, and write down what was claimed."""
    store = store_at(url)
    claimed = []
    while (mine := store.jobs.claim(worker, list(JobStatus), 60.0, NOW)) is not None:
        claimed.append(f"{mine.id} {mine.attempt}\n")
    out.write_text("".join(claimed))
    store.close()
