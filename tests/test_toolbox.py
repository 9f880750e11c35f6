import asyncio

from burnish.grade.wordnet import FILES
from burnish.settings import Settings
from burnish.toolbox import Toolbox, embedder
from tests.fakes import FakeChat, verdict

REMOTE = {"remote": {"embedder": {"base_url": "http://127.0.0.1:1/v1"}}}


def test_graders_get_the_chat_and_whatever_the_settings_name(tmp_path):
    async def main() -> None:
        chat = FakeChat([verdict(1)])
        plain = Toolbox.of(Settings(data_dir=tmp_path))
        rich = Toolbox.of(Settings(data_dir=tmp_path, models=REMOTE, grading={"embedder": "embedder"}))
        assert plain.tools(chat).chat is chat
        assert plain.tools(chat).poster is not None
        assert plain.tools(chat).embedder is None
        assert rich.tools(chat).embedder is not None
        await plain.aclose()
        await rich.aclose()

    asyncio.run(main())


def test_meteor_gets_the_wordnet_that_the_settings_name(tmp_path):
    async def main() -> None:
        for name, is_there in (("empty", False), ("whole", True)):
            directory = tmp_path / name
            directory.mkdir()
            for file in FILES if is_there else ():
                (directory / file).touch()
            toolbox = Toolbox.of(Settings(data_dir=tmp_path, grading={"wordnet": directory}))
            assert (toolbox.tools(FakeChat([])).thesaurus is not None) is is_there
            await toolbox.aclose()

    asyncio.run(main())


def test_the_settings_name_an_embedder_directly_or_by_an_alias(tmp_path):
    async def main() -> None:
        remote = {"text-embedding-3-large": {"base_url": "http://here/v1"}, "own": {"base_url": "http://here/v1"}}
        for models, grading, is_there in (
            ({"remote": remote}, {}, True),
            ({"remote": remote}, {"embedder": "own"}, True),
            ({"remote": remote, "aliases": {"ada": "own"}}, {"embedder": "ada"}, True),
            ({"remote": remote}, {"embedder": "ada"}, False),
            ({}, {}, False),
            ({"embedders": {"text-embedding-3-large": "/there"}}, {}, True),
            ({"embedders": {"own": "/there"}, "aliases": {"text-embedding-3-large": "own"}}, {}, True),
        ):
            found = embedder(
                Settings(data_dir=tmp_path, models=models, grading=grading, infer_url="http://127.0.0.1:1")
            )
            assert (found is not None) is is_there
            if found is not None:
                await found.aclose()

    asyncio.run(main())


def test_an_embedder_of_this_server_needs_its_inference_process(tmp_path):
    assert embedder(Settings(data_dir=tmp_path, models={"embedders": {"text-embedding-3-large": "/there"}})) is None
