from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish.store.blobs import Blobs, blobs_in
from burnish.store.store import Store, store_at


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    yield store
    store.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return blobs_in(tmp_path)
