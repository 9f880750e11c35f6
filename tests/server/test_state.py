import asyncio
from pathlib import Path

import httpx2

from burnish.server.state import open_state
from burnish.settings import Settings


def test_what_was_opened_is_closed(tmp_path: Path):
    client = httpx2.AsyncClient()
    state = open_state(Settings(data_dir=tmp_path), client)
    state.store.keys.exist()
    asyncio.run(state.aclose())
    assert client.is_closed
    assert state.store.database.engine.pool.checkedin() == 0
