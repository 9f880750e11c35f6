from collections.abc import Iterator

import pytest

from burnish.store.store import Store, store_at


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """On SQLite and on PostgreSQL."""
    store = store_at(database_url)
    yield store
    store.close()
