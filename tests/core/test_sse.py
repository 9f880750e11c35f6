import asyncio
from collections.abc import AsyncGenerator

from burnish.core.errors import Unavailable
from burnish.core.sse import events, relayed


def collect(bodies: AsyncGenerator[dict, None]) -> bytes:
    async def main() -> bytes:
        return b"".join([event async for event in events(await anext(bodies), bodies)])

    return asyncio.run(main())


def test_each_body_is_an_event_and_done_is_the_last():
    async def bodies() -> AsyncGenerator[dict, None]:
        yield {"a": "ä\n"}
        yield {"b": None}

    assert collect(bodies()) == 'data: {"a":"ä\\n"}\n\ndata: {"b":null}\n\ndata: [DONE]\n\n'.encode()


def test_an_error_on_the_way_is_an_event_in_openais_envelope():
    async def bodies() -> AsyncGenerator[dict, None]:
        yield {"a": 1}
        raise Unavailable("gone")

    said = b'data: {"error":{"message":"gone","type":"server_error","param":null,"code":null}}'
    assert collect(bodies()) == b'data: {"a":1}\n\n' + said + b"\n\ndata: [DONE]\n\n"


def test_the_source_is_closed_when_the_reader_stops():
    closed: list[bool] = []

    async def bodies() -> AsyncGenerator[dict, None]:
        try:
            yield {"a": 1}
            yield {"a": 2}
        finally:
            closed.append(True)

    async def main() -> None:
        source = bodies()
        stream = events(await anext(source), source)
        await anext(stream)
        await stream.aclose()
        assert closed == [True]

    asyncio.run(main())


def test_relayed_events_stay_as_they_are_and_an_error_ends_them():
    async def main(fails: bool) -> bytes:
        async def source() -> AsyncGenerator[bytes, None]:
            yield b"data: 1\n\n"
            if fails:
                raise Unavailable("gone")
            yield b"data: [DONE]\n\n"

        rest = source()
        return b"".join([event async for event in relayed(await anext(rest), rest)])

    assert asyncio.run(main(fails=False)) == b"data: 1\n\ndata: [DONE]\n\n"
    said = b'data: {"error":{"message":"gone","type":"server_error","param":null,"code":null}}'
    assert asyncio.run(main(fails=True)) == b"data: 1\n\n" + said + b"\n\ndata: [DONE]\n\n"
