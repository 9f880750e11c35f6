import asyncio
import logging
import threading

import pytest

from burnish.core.errors import StoreUnavailable
from burnish.server.background import repeating


def test_what_is_repeated_is_called_at_once_and_again():
    calls = threading.Semaphore(0)

    async def turn() -> None:
        calls.release()

    async def watch() -> None:
        async with repeating(turn, every_s=0.001):
            for _ in range(3):
                await asyncio.to_thread(calls.acquire)

    asyncio.run(asyncio.wait_for(watch(), 20))


def test_a_call_under_way_is_waited_for_and_is_the_last():
    ended = []

    async def leave() -> None:
        begun, leaving = asyncio.Event(), asyncio.Event()

        async def turn() -> None:
            begun.set()
            await leaving.wait()
            ended.append(True)

        async with repeating(turn, every_s=0.001):
            await begun.wait()
            asyncio.get_running_loop().call_later(0.05, leaving.set)

    asyncio.run(asyncio.wait_for(leave(), 20))
    assert ended == [True]


@pytest.mark.parametrize(
    ("error", "told"),
    [(StoreUnavailable("the disk is full"), "the disk is full"), (ZeroDivisionError("of ours"), "of ours")],
)
def test_a_call_that_fails_is_told_and_not_the_last(caplog: pytest.LogCaptureFixture, error: Exception, told: str):
    calls = threading.Semaphore(0)

    async def turn() -> None:
        calls.release()
        raise error

    async def watch() -> None:
        async with repeating(turn, every_s=0.001):
            for _ in range(2):
                await asyncio.to_thread(calls.acquire)

    with caplog.at_level(logging.ERROR, "burnish.server.background"):
        asyncio.run(asyncio.wait_for(watch(), 20))
    record = caplog.records[0]
    assert told in f"{vars(record).get('error')} {record.exc_text}"
