import asyncio
import logging

from burnish.server.tasks import Tasks


def test_work_is_known_until_it_has_ended():
    async def main() -> None:
        tasks, go = Tasks(), asyncio.Event()

        async def work() -> None:
            await go.wait()

        tasks.start("a", work())
        assert tasks.is_running("a")
        go.set()
        await asyncio.sleep(0)
        await tasks.cancel("a")
        await asyncio.sleep(0)
        assert not tasks.is_running("a")
        await tasks.cancel("a")

    asyncio.run(main())


def test_what_is_cancelled_may_tidy_up_first():
    told = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            told.append("tidied")

    async def main() -> None:
        tasks = Tasks()
        for name in ("a", "b"):
            tasks.start(name, work())
        await asyncio.sleep(0)
        await tasks.cancel("a")
        assert told == ["tidied"]
        await tasks.aclose()
        assert told == ["tidied", "tidied"]

    asyncio.run(main())


def test_what_goes_wrong_is_in_the_log(caplog):
    async def work() -> None:
        raise ValueError("no")

    async def main() -> None:
        tasks = Tasks()
        with caplog.at_level(logging.ERROR):
            tasks.start("a", work())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert not tasks.is_running("a")

    asyncio.run(main())
    assert "unexpected error in the background" in caplog.text
