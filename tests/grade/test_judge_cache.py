import asyncio

import pytest

from burnish.core.errors import GraderUnavailable
from burnish.grade.judge_cache import JudgeCache, cached
from burnish.spec.chat import ChatRequest
from tests.fakes import FakeChat, answer, verdict


def request(text, **more):
    return ChatRequest(model="judge", messages=[{"role": "user", "content": text}], **more)


def asked(chat, size, *requests, at_once=False):
    async def main():
        cache = JudgeCache(chat, size)
        if at_once:
            return await asyncio.gather(*map(cache.complete, requests), return_exceptions=True)
        return [await cache.complete(each) for each in requests]

    return asyncio.run(main())


@pytest.mark.parametrize("at_once", [False, True])
def test_an_equal_request_is_asked_once_and_its_tokens_count_once(at_once):
    chat = FakeChat([verdict(0.5)])
    first, second = asked(chat, 4, request("a"), request("a"), at_once=at_once)
    assert len(chat.requests) == 1
    assert first.choices == second.choices
    assert first.usage is not None
    assert second.usage is None


def test_requests_that_differ_in_anything_are_asked_each():
    chat = FakeChat([verdict(0.5)])
    asked(chat, 9, request("a"), request("b"), request("a", temperature=0), request("a", seed=1))
    assert len(chat.requests) == 4


def test_no_more_answers_are_kept_than_allowed_and_those_asked_for_last():
    chat = FakeChat([answer("x")])
    asked(chat, 2, *map(request, "abacab"))
    # a, b are asked; a is kept; c pushes out b; a is kept; b is asked again.
    assert [each.messages[0]["content"] for each in chat.requests] == ["a", "b", "c", "b"]


def test_a_failure_reaches_all_who_wait_and_is_not_kept():
    chat = FakeChat([GraderUnavailable("down"), answer("x")])
    cache = JudgeCache(chat, 4)

    async def main():
        first, second = await asyncio.gather(*map(cache.complete, [request("a")] * 2), return_exceptions=True)
        return first, second, await cache.complete(request("a"))

    first, second, third = asyncio.run(main())
    assert isinstance(first, GraderUnavailable)
    assert isinstance(second, GraderUnavailable)
    assert third.choices[0].message.content == "x"
    assert len(chat.requests) == 2


def test_whoever_is_cancelled_leaves_the_answer_to_the_others():
    async def main():
        chat = FakeChat([answer("x")])
        cache = JudgeCache(chat, 4)
        first = asyncio.ensure_future(cache.complete(request("a")))
        second = asyncio.ensure_future(cache.complete(request("a")))
        await asyncio.sleep(0)
        first.cancel()
        completion = await second
        assert first.cancelled()
        return completion, len(chat.requests)

    completion, requests = asyncio.run(main())
    assert (completion.choices[0].message.content, requests) == ("x", 1)


def test_a_size_of_zero_is_no_cache():
    chat = FakeChat([answer("x")])
    assert cached(chat, 0) is chat
    assert isinstance(cached(chat, 1), JudgeCache)
