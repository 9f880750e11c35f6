import asyncio
import logging
import threading

import pytest

from burnish.core.errors import StoreUnavailable
from burnish.server.background import repeating


def test_what_is_repeated_is_called_at_once_and_again():
    calls = threading.Semaphore(0)

    async def watch() -> None:
        async with repeating(calls.release, every_s=0.001):
            for _ in range(3):
                await asyncio.to_thread(calls.acquire)

    asyncio.run(asyncio.wait_for(watch(), 20))


def test_a_call_under_way_is_waited_for_and_is_the_last():
    begun, ended = threading.Event(), []

    def turn() -> None:
        begun.set()
        leaving.wait(20)
        ended.append(True)

    async def leave() -> None:
        async with repeating(turn, every_s=0.001):
            await asyncio.to_thread(begun.wait, 20)
            asyncio.get_running_loop().call_later(0.05, leaving.set)

    leaving = threading.Event()
    asyncio.run(asyncio.wait_for(leave(), 20))
    assert ended == [True]


@pytest.mark.parametrize(
    ("error", "told"),
    [(StoreUnavailable("the disk is full"), "the disk is full"), (ZeroDivisionError("of ours"), "of ours")],
)
def test_a_call_that_fails_is_told_and_not_the_last(caplog: pytest.LogCaptureFixture, error: Exception, told: str):
    calls = threading.Semaphore(0)

    def turn() -> None:
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
