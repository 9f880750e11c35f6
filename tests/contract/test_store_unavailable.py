import sqlite3
from pathlib import Path

import openai
import pytest

from tests.door import opened


def test_a_locked_database_is_a_503_that_says_so_and_is_not_sent_again(tmp_path: Path):
    path = tmp_path / "rows.db"
    with opened(tmp_path, database_url=f"sqlite:///{path}?timeout=0.1") as door:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(openai.InternalServerError) as refused:
            door.client.files.create(file=("rows.jsonl", b"{}"), purpose="fine-tune")
        assert refused.value.status_code == 503
        assert refused.value.code == "store_unavailable"
        assert "rows.db is not available (database is locked)" in refused.value.message
        assert refused.value.response.headers["x-should-retry"] == "false"
        assert list(door.client.files.list()) == []
        other.close()
        assert door.client.files.create(file=("rows.jsonl", b"{}"), purpose="fine-tune").bytes == 2
