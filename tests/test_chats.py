import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish.core.errors import NotFound, Unavailable
from burnish.core.records import TunedModel
from burnish.remote.vllm import VllmChat
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


def test_a_vllm_server_takes_a_base_and_its_adapters_but_no_full_weights(tmp_path):
    serving = {"vllm": {"burnish-starter": {"base_url": "http://127.0.0.1:1/v1"}}}
    state = open_state(Settings.model_validate({"data_dir": tmp_path, "serving": serving}))
    for name, kind in (("ft:lora", "lora"), ("ft:full", "full")):
        state.store.models.insert(
            TunedModel(name, 1, "burnish-starter", "ftjob-1", 1, f"models/{kind}", kind, "low", "default")
        )

    async def main() -> None:
        for name in ("burnish-starter", "ft:lora"):
            assert isinstance(await state.chats.find(name), VllmChat)
        with pytest.raises(Unavailable, match="set infer_url"):
            await state.chats.find("ft:full")
        await state.aclose()

    asyncio.run(main())
