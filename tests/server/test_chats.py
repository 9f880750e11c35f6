import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish.core.errors import NotFound, Unavailable
from burnish.server.state import State, open_state
from burnish.settings import Settings


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    models = {
        "remote": {"judge": {"base_url": "http://127.0.0.1:1/v1"}},
        "aliases": {"gpt-4o": "judge", "o4-mini": "burnish-starter"},
    }
    state = open_state(Settings.model_validate({"data_dir": tmp_path, "models": models}))
    yield state
    asyncio.run(state.aclose())


def test_a_remote_model_and_its_alias_share_one_limit_and_one_pool(state):
    async def main() -> None:
        assert await state.chats.find("judge") is await state.chats.find("gpt-4o")

    asyncio.run(main())


def test_a_local_model_needs_an_inference_process(state):
    with pytest.raises(Unavailable, match="set infer_url"):
        asyncio.run(state.chats.find("o4-mini"))


def test_an_unknown_name_is_not_found_by_that_name(state):
    with pytest.raises(NotFound, match="'gpt-9'") as caught:
        asyncio.run(state.chats.find("gpt-9"))
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")
