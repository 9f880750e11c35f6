import asyncio

import pytest

from burnish.policy.sample import LocalSampler
from tests.policy.asking import ask, every_case, learnt


async def _all(sampler, requests):
    return sorted([completion async for completion in sampler.sample(requests)], key=lambda each: each.key)


def test_every_request_is_answered_and_again_the_same_way(base):
    sampler = LocalSampler(base, learnt(base), max_rows=8)
    first = asyncio.run(_all(sampler, every_case(base)))
    assert [each.key for each in first] == sorted(request.key for request in every_case(base))
    assert asyncio.run(_all(sampler, every_case(base))) == first


def test_answers_come_as_they_end(base):
    async def order():
        requests = [ask(base, 1, max_tokens=60), ask(base, 2, max_tokens=2)]
        return [completion.key.line async for completion in LocalSampler(base).sample(requests)]

    assert asyncio.run(order()) == [2, 1]


def test_a_judges_sampler_keeps_its_prompts(base):
    sampler = LocalSampler(base, keeps=True)
    fresh = asyncio.run(_all(LocalSampler(base), [ask(base, 2, text="x" * 300)]))
    asyncio.run(_all(sampler, [ask(base, 1, text="x" * 300 + "y")]))
    kept = asyncio.run(_all(sampler, [ask(base, 2, text="x" * 300)]))
    assert kept[0].output_ids == fresh[0].output_ids


def test_the_event_loop_goes_on_while_the_engine_works(base):
    async def ticks():
        count = 0

        async def tick():
            nonlocal count
            while True:
                count += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        await _all(LocalSampler(base), [ask(base, line, max_tokens=400) for line in range(16)])
        ticking.cancel()
        return count

    assert asyncio.run(ticks()) > 10


def test_who_stops_listening_leaves_nothing_running(base):
    sampler = LocalSampler(base, keeps=True)

    async def first_only():
        answers = sampler.sample([ask(base, 1, max_tokens=2), ask(base, 2, max_tokens=400)])
        async for completion in answers:
            await answers.aclose()
            return completion.key.line
        raise AssertionError

    assert asyncio.run(first_only()) == 1
    assert sampler._kept.idle


def test_a_request_that_cannot_be_carried_out_is_told(base):
    with pytest.raises(Exception, match="context"):
        asyncio.run(_all(LocalSampler(base), [ask(base, text="x" * 600)]))
