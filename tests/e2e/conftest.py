from collections.abc import Iterator

import openai
import pytest

from tests.running import server


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """The official client of a real `burnish serve`, one for each module."""
    with (
        server(tmp_path_factory.mktemp("server"), max_answer_tokens=24) as url,
        openai.OpenAI(base_url=url, api_key="none") as api,
    ):
        yield api
