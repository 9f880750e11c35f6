from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest
from click.testing import Result
from typer.testing import CliRunner

from burnish.cli.main import app
from tests.running import server


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture
def api(base_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base_url, api_key="none") as client:
        yield client


@pytest.fixture
def burnish(base_url: str) -> Callable[..., Result]:
    """Runs a command against the server."""

    def run(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, [*words, "--base-url", base_url], input=stdin)

    return run


@pytest.fixture
def files(api: openai.OpenAI, tmp_path: Path) -> tuple[str, str]:
    """The ids of a training and a validation file."""
    row = '{"messages": [{"role": "user", "content": "Say e."}], "wanted": "e"}\n'
    path = tmp_path / "rows.jsonl"
    path.write_text(row * 4)
    train, valid = (api.files.create(file=path, purpose="fine-tune").id for _ in range(2))
    return train, valid
