from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish.settings import Settings
from tests.contract.served import write_served
from tests.door import Door, opened

ALIASES = {"o4-mini-2025-04-16": "burnish-starter", "gpt-4o-2024-08-06": "judge"}
REMOTE = {"judge": {"base_url": "http://127.0.0.1:1/v1"}}


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Settings:
    """See `write_served`."""
    return write_served(tmp_path_factory.mktemp("served"))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path, models={"aliases": ALIASES, "remote": REMOTE}) as door:
        yield door
