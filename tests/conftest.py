"""What every test relies on: one thread per process, no settings of the machine's own, no network for models.

Property tests draw the same examples in every run, and have no deadline.
"""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.postgres import Server, server

hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    # Read when torch is first imported, here and in every process that a test starts. With one pytest worker per
    # core, more threads would only fight; and results are bit for bit the same only at one thread count.
    os.environ[name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
for name in [name for name in os.environ if name.startswith(("BURNISH_", "OPENAI_"))]:
    del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs an accelerator where there is none."""
    wanting = [item for item in items if item.get_closest_marker("gpu")]
    if wanting and not _has_accelerator():
        for item in wanting:
            item.add_marker(pytest.mark.skip(reason="needs an accelerator"))


def _has_accelerator() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this pytest worker's own."""
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database; what asks for it runs on either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/rows.db"
    running: Server = request.getfixturevalue("postgres")
    return running.new_database()
