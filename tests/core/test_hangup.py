import asyncio

import pytest

from burnish.core.hangup import HungUp, unless_gone


class Client:
    """An ASGI `receive`: an empty body part, then silence until it hangs up."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.messages = [{"type": "http.request"}]

    async def receive(self) -> dict[str, str]:
        if self.messages:
            return self.messages.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}


def test_a_client_that_stays_gets_the_result():
    async def main() -> int:
        return await unless_gone(asyncio.sleep(0, 7), Client().receive)

    assert asyncio.run(main()) == 7


def test_the_work_of_a_client_that_leaves_is_cancelled_before_the_caller_goes_on():
    ended: list[str] = []

    async def work(client: Client) -> None:
        try:
            client.gone.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("work")

    async def main() -> None:
        client = Client()
        with pytest.raises(HungUp):
            await unless_gone(work(client), client.receive)
        assert ended == ["work"]

    asyncio.run(main())


def test_an_error_of_the_work_passes_through():
    async def fail() -> None:
        raise ValueError("no")

    async def main() -> None:
        with pytest.raises(ValueError, match="no"):
            await unless_gone(fail(), Client().receive)

    asyncio.run(main())


def test_cancelling_the_caller_cancels_the_work():
    async def main() -> None:
        inner = asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                inner.set()

        outer = asyncio.ensure_future(unless_gone(work(), Client().receive))
        for _ in range(3):
            await asyncio.sleep(0)
        outer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await outer
        assert inner.is_set()

    asyncio.run(main())
