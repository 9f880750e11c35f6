import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import BurnishError, Busy, InvalidRequest, NotFound, Unavailable
from burnish.infer import fleet as module
from burnish.infer.fleet import Fleet
from burnish.policy.adapter import Adapter
from burnish.policy.kernels.plain import PlainKernels
from burnish.policy.load import Base
from burnish.settings import Models, Settings
from burnish.spec.chat import ChatRequest
from burnish.spec.served import Served
from burnish.store.blobs import Blobs, blobs_in
from tests.tiny import write_tiny_model

REQUEST = ChatRequest(
    model="x", messages=[{"role": "user", "content": "hi"}], temperature=0, max_completion_tokens=12, seed=1
)
LORA = Served(base="tiny", kind="lora", blob="models/a")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def blobs(tmp_path) -> Blobs:
    return blobs_in(tmp_path / "blobs")


def adapter_in(blobs: Blobs, prefix: str, tiny: Path, directory: Path, seed: int = 1) -> None:
    adapter = Adapter.fresh(Base.load(tiny).routing.targets, 4, 64.0, seed=seed)
    for part in adapter.parameters():
        part.data.normal_(std=0.3)
    adapter.write(directory / f"adapter-{seed}", "tiny")
    blobs.put_directory(prefix, directory / f"adapter-{seed}")


def with_fleet(settings: Settings, blobs: Blobs, act: Callable[[Fleet], Coroutine[Any, Any, Any]]) -> Any:
    async def main() -> Any:
        fleet = Fleet(settings, blobs)
        try:
            return await act(fleet)
        finally:
            fleet.close()

    return asyncio.run(main())


def settings_of(tmp_path: Path, **local: Path) -> Settings:
    return Settings(data_dir=tmp_path, models=Models(local={name: str(path) for name, path in local.items()}))


async def ask(fleet: Fleet, served: Served) -> str | None:
    async with fleet.chat(served, "name") as chat:
        completion = await chat.complete(REQUEST)
        assert completion.model == "name"
        return completion.choices[0].message.content


def test_a_base_is_loaded_once_for_all_who_wait(tmp_path, blobs, tiny):
    async def act(fleet: Fleet) -> None:
        answers = await asyncio.gather(*[ask(fleet, Served(base="tiny")) for _ in range(5)])
        assert len(set(answers)) == 1
        assert fleet.bases == [str(tiny)]

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_a_directory_is_a_base_as_well(tmp_path, blobs, tiny):
    async def act(fleet: Fleet) -> None:
        assert await ask(fleet, Served(base=str(tiny))) == await ask(fleet, Served(base="tiny"))

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_an_adapter_is_fetched_once_and_shares_its_base(tmp_path, blobs, tiny):
    adapter_in(blobs, "models/a", tiny, tmp_path)

    async def act(fleet: Fleet) -> None:
        tuned = await ask(fleet, LORA)
        assert tuned != await ask(fleet, Served(base="tiny"))
        blobs.delete_directory("models/a")
        assert await ask(fleet, LORA) == tuned
        assert len(fleet.bases) == 1

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_full_weights_are_a_base_of_their_own(tmp_path, blobs, tiny):
    other = write_tiny_model(tmp_path / "other", seed=1)
    blobs.put_directory("models/full", other)

    async def act(fleet: Fleet) -> None:
        full = await ask(fleet, Served(base="tiny", kind="full", blob="models/full"))
        assert full == await ask(fleet, Served(base=str(other))) != await ask(fleet, Served(base="tiny"))

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_the_model_is_served_at_the_effort_it_was_trained_at(tmp_path, blobs, tiny):
    async def tokens(fleet: Fleet, effort: str) -> int:
        async with fleet.chat(Served(base="tiny", reasoning_effort=effort), "name") as chat:
            usage = (await chat.complete(REQUEST)).usage
        return usage.completion_tokens_details.reasoning_tokens

    async def act(fleet: Fleet) -> None:
        assert await tokens(fleet, "none") == 0
        assert await tokens(fleet, "high") > 0

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_a_base_that_cannot_be_loaded_is_said_to_be_each_time(tmp_path, blobs):
    async def act(fleet: Fleet) -> None:
        for _ in range(2):
            with pytest.raises(InvalidRequest, match="cannot be loaded"):
                await ask(fleet, Served(base=str(tmp_path / "nowhere")))

    with_fleet(settings_of(tmp_path), blobs, act)


def test_an_adapter_without_files_is_not_found(tmp_path, blobs, tiny):
    async def act(fleet: Fleet) -> None:
        for _ in range(2):
            with pytest.raises(NotFound, match="models/a"):
                await ask(fleet, LORA)

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_file_deleted_by_hand_is_named_until_it_is_back(tmp_path, blobs, tiny, name):
    adapter_in(blobs, "models/a", tiny, tmp_path)
    data = blobs.get(f"models/a/{name}")
    blobs.delete(f"models/a/{name}")

    async def act(fleet: Fleet) -> None:
        base = await ask(fleet, Served(base="tiny"))
        with pytest.raises(NotFound, match=f"The model's files are gone: models/a/{name}. Restore them from a backup"):
            await ask(fleet, LORA)
        assert await ask(fleet, Served(base="tiny")) == base
        blobs.put(f"models/a/{name}", data)
        assert await ask(fleet, LORA) != base

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_damaged_file_is_told_until_it_is_whole_again(tmp_path, blobs, tiny, name):
    adapter_in(blobs, "models/a", tiny, tmp_path)
    data = blobs.get(f"models/a/{name}")
    blobs.put(f"models/a/{name}", data[: len(data) // 2])

    async def act(fleet: Fleet) -> None:
        base = await ask(fleet, Served(base="tiny"))
        for _ in range(2):
            with pytest.raises(BurnishError, match=r"damaged: models/a cannot be read: .*Restore them from a backup"):
                await ask(fleet, LORA)
        assert await ask(fleet, Served(base="tiny")) == base
        blobs.put(f"models/a/{name}", data)
        assert await ask(fleet, LORA) != base

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_a_tuned_model_needs_its_prefix(tmp_path, blobs, tiny):
    async def act(fleet: Fleet) -> None:
        with pytest.raises(InvalidRequest, match="blob prefix"):
            await ask(fleet, Served(base="tiny", kind="lora"))

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_a_base_whose_engine_failed_is_loaded_again(tmp_path, blobs, tiny):
    async def act(fleet: Fleet) -> None:
        before = await ask(fleet, Served(base="tiny"))
        async with fleet.chat(Served(base="tiny"), "name") as chat:
            chat._driver.close()
            with pytest.raises(Unavailable):
                await chat.complete(REQUEST)
        assert await ask(fleet, Served(base="tiny")) == before

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_where_too_many_wait_nobody_else_is_let_in(tmp_path, blobs, tiny, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    long = REQUEST.model_copy(update={"n": 3, "max_completion_tokens": 400})

    async def act(fleet: Fleet) -> None:
        async with fleet.chat(Served(base="tiny"), "name") as chat:
            stream = chat.stream(long)
            await anext(stream)
            with pytest.raises(Busy, match="3 answers are waited for"):
                await ask(fleet, Served(base="tiny"))
            await stream.aclose()
        for _ in range(1000):
            try:
                await ask(fleet, Served(base="tiny"))
            except Busy:
                await asyncio.sleep(0.001)
            else:
                return
        raise AssertionError("nobody is let in again")

    with_fleet(settings_of(tmp_path, tiny=tiny), blobs, act)


def test_invariance_that_cannot_be_held_is_refused(tmp_path, blobs, monkeypatch):
    """As where there is no compiler: libraries sum in an order that hangs on the batch."""
    monkeypatch.setattr("burnish.policy.load.kernels", PlainKernels)
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "training": {"dtype": "float32"}, "serving": {"invariant": True}}
    )

    async def act(fleet: Fleet) -> None:
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"serving.invariant cannot be held for burnish-starter"):
                await ask(fleet, Served(base="burnish-starter"))

    with_fleet(settings, blobs, act)
