"""The keeper with real processes: tiny models, and memory limits set so that they must make room."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2
import pytest

from burnish import chats
from burnish.core.errors import Busy, InvalidRequest
from burnish.infer import keeper as module
from burnish.infer.keeper import Keeper
from burnish.infer.memory import PROCESS_BYTES
from burnish.settings import Settings
from burnish.spec.served import Served
from burnish.store.blobs import open_blobs
from tests.embedding import write_static
from tests.serving import tiny_settings
from tests.tiny import write_tiny_model

pytestmark = pytest.mark.slow

ROOM_FOR_ONE = int(1.5 * PROCESS_BYTES)
BODY = {"model": "x", "messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": 3, "seed": 1}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


def with_keeper(settings: Settings, act: Callable[[Keeper], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        keeper = Keeper(settings, open_blobs(settings))
        try:
            await act(keeper)
        finally:
            await keeper.aclose()

    asyncio.run(main())


async def ask(keeper: Keeper, base: str, **changes: Any) -> dict[str, Any]:
    url = await keeper.url(Served(base=base))
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.post(f"{url}/v1/chat/completions", json={**BODY, **changes, "burnish": {"base": base}})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_base_that_can_never_fit_is_refused_with_both_numbers(tmp_path, tiny):
    async def act(keeper: Keeper) -> None:
        with pytest.raises(
            InvalidRequest, match=r"'tiny' needs about 0.8 GB, and .* 0.5 GB. Raise serving.memory_bytes"
        ) as e:
            await keeper.url(Served(base="tiny"))
        assert (e.value.param, e.value.code) == ("model", "model_too_large")
        assert keeper.bases == []

    with_keeper(tiny_settings(tmp_path, tiny, serving={"memory_bytes": 500_000_000}), act)


def test_a_base_that_crashes_leaves_the_others_alive_and_comes_back(tmp_path, tiny):
    other = write_tiny_model(tmp_path / "other", seed=1)

    async def act(keeper: Keeper) -> None:
        await keeper.prepare()
        before = await ask(keeper, "tiny")
        await ask(keeper, str(other))
        process = keeper._seats[str(tiny)].process
        os.kill(process.pid, signal.SIGSEGV)
        await process.wait()
        assert keeper.bases == [str(other)]
        kept = keeper._seats[str(other)].process.pid
        await ask(keeper, str(other))
        assert keeper._seats[str(other)].process.pid == kept
        assert (await ask(keeper, "tiny"))["choices"] == before["choices"]
        assert sorted(keeper.bases) == sorted([str(tiny), str(other)])

    with_keeper(tiny_settings(tmp_path, tiny), act)


def test_all_who_ask_for_a_base_while_it_starts_get_the_same_process(tmp_path, tiny):
    async def act(keeper: Keeper) -> None:
        urls = await asyncio.gather(*[keeper.url(Served(base="tiny")) for _ in range(4)])
        assert len(set(urls)) == 1

    with_keeper(tiny_settings(tmp_path, tiny), act)


def test_the_base_unasked_for_longest_makes_room_unless_it_answers(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr(module, "ON_ITS_WAY_S", 0.0)
    other = write_tiny_model(tmp_path / "other", seed=1)

    async def act(keeper: Keeper) -> None:
        url = await keeper.url(Served(base="tiny"))
        body = {**BODY, "max_completion_tokens": 400, "n": 64, "stream": True, "burnish": {"base": "tiny"}}
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            async with client.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
                lines = response.aiter_lines()
                await anext(lines)
                with pytest.raises(Busy, match="leave no memory"):
                    await keeper.url(Served(base=str(other)))
                assert keeper.bases == [str(tiny)]
            process = keeper._seats[str(tiny)].process
            for _ in range(200):  # until the process has seen that its client is gone
                try:
                    await keeper.url(Served(base=str(other)))
                    break
                except Busy:
                    await asyncio.sleep(0.05)
        assert keeper.bases == [str(other)]
        assert process.returncode is not None

    with_keeper(tiny_settings(tmp_path, tiny, serving={"memory_bytes": ROOM_FOR_ONE}), act)


def test_a_base_is_safe_from_being_stopped_as_long_as_it_is_asked_by_the_shortcut():
    assert chats.SHORTCUT_S < module.ON_ITS_WAY_S / 2


def test_full_weights_have_a_process_of_their_own(tmp_path, tiny):
    settings = tiny_settings(tmp_path, tiny)
    open_blobs(settings).put_directory("models/full", tiny)

    async def act(keeper: Keeper) -> None:
        full = Served(base="tiny", kind="full", blob="models/full")
        assert await keeper.url(full) != await keeper.url(Served(base="tiny"))
        assert keeper.bases == ["models/full", str(tiny)]
        needs = {base: seat.needs for base, seat in keeper._seats.items()}
        assert needs["models/full"] == pytest.approx(needs[str(tiny)], rel=0.01)

    with_keeper(settings, act)


def test_closing_ends_every_process_the_one_started_ahead_included(tmp_path, tiny):
    found = []

    async def act(keeper: Keeper) -> None:
        await keeper.prepare()
        await keeper.url(Served(base="tiny"))
        await keeper.prepare()
        spare = await keeper._spare
        found.extend([spare.process, keeper._seats[str(tiny)].process])

    with_keeper(tiny_settings(tmp_path, tiny), act)
    assert all(process.returncode is not None for process in found)


def test_an_embedder_has_a_process_of_its_own_within_the_same_memory(tmp_path, tiny):
    embedder = write_static(tmp_path)
    models = {"local": {"tiny": str(tiny)}, "embedders": {"static": str(embedder)}}
    settings = Settings.model_validate({"data_dir": tmp_path, "models": models})

    async def act(keeper: Keeper) -> None:
        await ask(keeper, "tiny")
        url = await keeper.url(Served(base="static", kind="embedder"))
        body = {"model": "x", "input": "hi", "burnish": {"base": "static", "kind": "embedder"}}
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.post(f"{url}/v1/embeddings", json=body)
        assert len(answer.json()["data"][0]["embedding"]) == 16
        assert keeper.bases == [str(tiny), f"{embedder} (embeddings)"]

    with_keeper(settings, act)


def test_an_embedder_without_its_library_is_refused_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)

    async def act(keeper: Keeper) -> None:
        with pytest.raises(InvalidRequest, match=r"pip install 'burnish\[embeddings\]'"):
            await keeper.url(Served(base="static", kind="embedder"))

    with_keeper(tiny_settings(tmp_path, tmp_path), act)
