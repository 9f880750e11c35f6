"""The driver against an engine of a few lines, whose answers are made of the ticket alone."""

import asyncio
import threading
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from burnish.core.errors import BurnishError, InvalidRequest, Unavailable
from burnish.core.rollout import Completion, SampleKey, Source
from burnish.policy.driver import Driver
from burnish.policy.engine import Event, Failed, Finished
from burnish.policy.roles import Request
from burnish.policy.row import Token


class FakeEngine:
    """Answers of `max_tokens` tokens counted up from 0; keeps which tickets each step advanced, and in what thread."""

    def __init__(self) -> None:
        self.left: dict[int, Request] = {}
        self.done: dict[int, int] = {}
        self.batches: list[list[int]] = []
        self.threads: set[int] = set()
        self.gate: threading.Event | None = None
        self.failure: Exception | None = None
        self.lost: set[int] = set()
        self.tickets = 0

    @property
    def idle(self) -> bool:
        return not self.left

    def add(self, request: Request, adapter: str | None = None) -> int:
        self.threads.add(threading.get_ident())
        if not request.prompt_ids:
            raise InvalidRequest("empty")
        self.tickets += 1
        self.left[self.tickets] = request
        self.done[self.tickets] = 0
        return self.tickets

    def cancel(self, ticket: int) -> None:
        self.left.pop(ticket, None)

    def step(self) -> list[Event]:
        if self.gate is not None:
            self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.threads.add(threading.get_ident())
        self.batches.append(sorted(self.left))
        events: list[Event] = []
        for ticket, request in list(self.left.items()):
            if ticket in self.lost:
                events.append(Failed(ticket, BurnishError("diverged")))
                del self.left[ticket]
                continue
            events.append(Token(ticket, self.done[ticket], 0.0, Source.SAMPLED))
            self.done[ticket] += 1
            if self.done[ticket] == request.max_tokens:
                events.append(Finished(ticket, completion_of(request), 0))
                del self.left[ticket]
        return events

    def attach(self, name: str, adapter: Path) -> None:
        self.threads.add(threading.get_ident())

    def detach(self, name: str) -> None:
        raise InvalidRequest(f"no {name}")


def completion_of(request: Request) -> Completion:
    empty = array("q")
    return Completion(request.key, request.prompt_ids, empty, array("d"), empty, array("d"), None, 1.0, 0, 0, "length")


def request_of(tokens: int, prompt: tuple[int, ...] = (1,)) -> Request:
    return Request(SampleKey("j", "train", 1, 1, 0), array("q", prompt), tokens, 0)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def driver(engine: FakeEngine) -> Iterator[Driver]:
    with ThreadPoolExecutor(max_workers=1) as thread:
        driver = Driver(engine, thread)
        yield driver
        driver.close()


async def ids_of(driver: Driver, *requests: Request) -> list[list[int]]:
    ids: list[list[int]] = [[] for _ in requests]
    async with driver.answer(requests) as answers:
        async for number, event in ((news.number, news.event) async for news in answers):
            if isinstance(event, Token):
                ids[number].append(event.id)
    return ids


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_every_request_gets_its_own_tokens_in_order(driver):
    assert asyncio.run(ids_of(driver, request_of(3), request_of(1), request_of(2))) == [[0, 1, 2], [0], [0, 1]]


def test_all_of_the_engine_is_touched_in_one_thread_that_is_not_the_loops(driver, engine):
    async def main() -> None:
        await driver.attach("a", Path("a"))
        await ids_of(driver, request_of(2))

    asyncio.run(main())
    assert len(engine.threads) == 1
    assert threading.get_ident() not in engine.threads


def test_requests_that_arrive_during_a_step_share_the_next(driver, engine):
    engine.gate = threading.Event()

    async def main() -> None:
        waiting = [asyncio.ensure_future(ids_of(driver, request_of(4))) for _ in range(64)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        engine.gate.set()
        assert await asyncio.gather(*waiting) == [[[0, 1, 2, 3]]] * 64

    asyncio.run(main())
    assert len(engine.batches) <= 5
    assert max(map(len, engine.batches)) == 64


def test_leaving_the_block_cancels_what_has_not_finished(driver, engine):
    async def main() -> None:
        async with driver.answer([request_of(10**9), request_of(10**9)]) as answers:
            await anext(answers)
        await until(lambda: engine.idle)

    asyncio.run(main())


def test_cancelling_the_waiter_cancels_its_rows_and_no_others(driver, engine):
    async def main() -> None:
        long = asyncio.ensure_future(ids_of(driver, request_of(10**9)))
        await until(lambda: bool(engine.batches))
        other = asyncio.ensure_future(ids_of(driver, request_of(500)))
        await until(lambda: len(engine.left) == 2 or other.done())
        long.cancel()
        with pytest.raises(asyncio.CancelledError):
            await long
        assert len((await other)[0]) == 500
        await until(lambda: engine.idle)

    asyncio.run(main())


def test_cancelling_the_waiter_before_its_request_was_taken_up_leaves_nothing(driver, engine):
    engine.gate = threading.Event()

    async def main() -> None:
        first = asyncio.ensure_future(ids_of(driver, request_of(2)))
        await until(lambda: bool(engine.left))
        late = asyncio.ensure_future(ids_of(driver, request_of(10**9)))
        await asyncio.sleep(0)
        late.cancel()
        engine.gate.set()
        assert await first == [[0, 1]]
        with pytest.raises(asyncio.CancelledError):
            await late
        await until(lambda: engine.idle)

    asyncio.run(main())


def test_a_stopped_request_comes_up_no_more_and_the_others_go_on(driver, engine):
    async def main() -> list[tuple[int, int]]:
        seen = []
        async with driver.answer([request_of(10**9), request_of(50)]) as answers:
            async for news in answers:
                if isinstance(news.event, Token):
                    seen.append((news.number, news.event.id))
                if seen[-1] == (0, 2):
                    answers.stop(0)
        return seen

    seen = asyncio.run(main())
    assert [token for number, token in seen if number == 0] == [0, 1, 2]
    assert [token for number, token in seen if number == 1] == list(range(50))


def test_a_refused_request_takes_back_those_before_it(driver, engine):
    async def main() -> None:
        with pytest.raises(InvalidRequest, match="empty"):
            await ids_of(driver, request_of(10**9), request_of(1, prompt=()))
        await until(lambda: engine.idle)
        assert await ids_of(driver, request_of(2)) == [[0, 1]]

    asyncio.run(main())


def test_what_detaching_raises_is_the_callers(driver):
    with pytest.raises(InvalidRequest, match="no a"):
        asyncio.run(driver.detach("a"))


@pytest.mark.parametrize("ends_only", [True, False])
def test_an_answer_that_fails_is_its_callers_alone(driver, engine, ends_only):
    engine.lost = {2}

    async def fail() -> None:
        async with driver.answer([request_of(3)], ends_only=ends_only) as answers:
            async for _ in answers:
                pass

    async def main() -> None:
        first, second = await asyncio.gather(ids_of(driver, request_of(3)), fail(), return_exceptions=True)
        assert first == [[0, 1, 2]]
        assert (type(second), str(second)) == (BurnishError, "diverged")
        assert driver.load == 0
        assert not driver.failed
        assert await ids_of(driver, request_of(1)) == [[0]]

    asyncio.run(main())


def test_a_failed_engine_tells_everybody_and_takes_nothing_more(driver, engine):
    engine.failure = MemoryError("no room")

    async def main() -> None:
        results = await asyncio.gather(*[ids_of(driver, request_of(3)) for _ in range(3)], return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 3
        assert "MemoryError: no room" in str(results[0])
        assert driver.failed
        with pytest.raises(Unavailable, match="no room"):
            await ids_of(driver, request_of(1))

    asyncio.run(main())


def test_closing_ends_those_who_wait(driver, engine):
    async def main() -> None:
        waiting = asyncio.ensure_future(ids_of(driver, request_of(10**9)))
        await until(lambda: bool(engine.batches))
        driver.close()
        with pytest.raises(Unavailable, match="shut down"):
            await waiting

    asyncio.run(main())


def test_a_thread_that_is_gone_is_unavailable(engine):
    thread = ThreadPoolExecutor(max_workers=1)
    driver = Driver(engine, thread)
    thread.shutdown()
    with pytest.raises(Unavailable, match="shut down"):
        asyncio.run(ids_of(driver, request_of(1)))


def test_a_caller_may_want_to_know_the_ends_only(driver):
    async def main() -> list[tuple[int, type]]:
        async with driver.answer([request_of(5), request_of(2)], ends_only=True) as answers:
            return [(news.number, type(news.event)) async for news in answers]

    assert asyncio.run(main()) == [(1, Finished), (0, Finished)]


def test_what_has_come_meanwhile_is_told_at_once(driver, engine):
    async def main() -> None:
        async with driver.answer([request_of(3), request_of(3)]) as answers:
            first = await anext(answers)
            await until(lambda: engine.idle)
            await asyncio.sleep(0.01)  # the last step's news are on their way
            answers.stop(1)
            rest = answers.ready()
            assert {news.number for news in (first, *rest)} == {0}
            assert [news.event.id for news in (first, *rest) if isinstance(news.event, Token)] == [0, 1, 2]
            assert isinstance(rest[-1].event, Finished)
            assert answers.ready() == [news async for news in answers] == []

    asyncio.run(main())


def test_a_failure_is_told_to_who_looks_without_waiting(driver, engine):
    engine.failure = RuntimeError("out of memory")

    async def main() -> None:
        async with driver.answer([request_of(3)]) as answers:
            await until(lambda: driver.failed and not answers._inbox.empty())
            with pytest.raises(Unavailable, match="out of memory"):
                answers.ready()

    asyncio.run(main())
