import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2
import pytest

from burnish.core.errors import Unavailable
from burnish.remote.vllm_adapters import VllmAdapters
from burnish.settings import Vllm


class Server:
    """What it was asked for; `fails` is what it answers instead of loading."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fails: httpx2.Response | None = None
        self.fetched: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((request.url.path, json.loads(request.content)))
        return self.fails or httpx2.Response(200, text="Success")

    def fetch(self, blob: str, directory: Path) -> None:
        self.fetched.append(blob)
        directory.mkdir(parents=True)
        (directory / "adapter_config.json").write_text(blob)


def with_adapters(
    server: Server, directory: Path, act: Callable[[VllmAdapters], Coroutine[Any, Any, None]], **given: Any
) -> None:
    async def main() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(server)) as client:
            await act(VllmAdapters(Vllm(base_url="http://v/v1", **given), directory, server.fetch, client))

    asyncio.run(main())


def test_an_adapter_is_written_and_loaded_once_under_a_name_that_stays(tmp_path):
    server = Server()
    names = set()

    async def act(adapters: VllmAdapters) -> None:
        names.add(adapters.name_of("models/a"))
        for _ in range(2):
            async with adapters.loaded("models/a"):
                pass

    for _ in range(2):
        with_adapters(server, tmp_path, act)
    [name] = names
    body = {"lora_name": name, "lora_path": str(tmp_path / name), "load_inplace": True}
    assert server.asked == [("/v1/load_lora_adapter", body)] * 2
    assert server.fetched == ["models/a"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_directory_may_have_another_name_where_the_server_runs(tmp_path):
    server = Server()

    async def act(adapters: VllmAdapters) -> None:
        async with adapters.loaded("models/a"):
            assert server.asked[0][1]["lora_path"] == f"/adapters/{adapters.name_of('models/a')}"

    with_adapters(server, tmp_path, act, adapters_there="/adapters/")


def test_the_adapter_unused_for_longest_is_unloaded_but_none_in_use(tmp_path):
    server = Server()

    async def act(adapters: VllmAdapters) -> None:
        async with adapters.loaded("a"):
            for blob in ("b", "c", "b", "d"):
                async with adapters.loaded(blob):
                    pass
        unloaded = [body["lora_name"] for path, body in server.asked if path == "/v1/unload_lora_adapter"]
        assert unloaded == [adapters.name_of("b"), adapters.name_of("c"), adapters.name_of("b")]

    with_adapters(server, tmp_path, act, most_adapters=2)


def test_a_server_that_does_not_load_says_what_it_needs_each_time(tmp_path):
    server = Server()
    server.fails = httpx2.Response(404, text="Not Found")

    async def act(adapters: VllmAdapters) -> None:
        for _ in range(2):
            with pytest.raises(Unavailable, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"):
                async with adapters.loaded("a"):
                    raise AssertionError("it was not loaded")

    with_adapters(server, tmp_path, act)


def test_files_that_are_gone_are_not_asked_for(tmp_path):
    server = Server()

    def fetch(_blob: str, _directory: Path) -> None:
        raise OSError("gone")

    server.fetch = fetch  # type: ignore[method-assign]

    async def act(adapters: VllmAdapters) -> None:
        with pytest.raises(OSError, match="gone"):
            async with adapters.loaded("a"):
                raise AssertionError("it was not loaded")
        assert server.asked == []

    with_adapters(server, tmp_path, act)
