"""A remote endpoint as a Chat: what is tried again, what is not, and what the caller sees."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing

import httpx2
import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest, Unavailable
from burnish.remote.chat import RemoteChat
from burnish.remote.endpoint import LONGEST_PAUSE_S, Shortcut
from burnish.settings import Remote
from burnish.spec.chat import ChatRequest

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "there",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
REQUEST = ChatRequest(model="judge", messages=[{"role": "user", "content": "2+2"}], temperature=0)


def client_of(handler: Callable) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(handler))


class Endpoint:
    """Answers from a list of replies, one a request; keeps what it was asked, and the pauses between."""

    def __init__(self, *replies: httpx2.Response | Exception) -> None:
        self.replies = list(replies)
        self.bodies: list[dict] = []
        self.keys: list[str] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(json.loads(request.content))
        self.keys.append(request.headers["authorization"])
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)

    def chat(self, **changes: object) -> RemoteChat:
        remote = Remote(**{"base_url": "http://judge/v1", "api_key": "k", "model": "there", **changes})
        return RemoteChat(remote, "judge", client=client_of(self), sleep=self.sleep)


def run(endpoint: Endpoint, act: Callable = lambda chat: chat.complete(REQUEST), **changes: object):
    async def main():
        chat = endpoint.chat(**changes)
        try:
            return await act(chat)
        finally:
            await chat.aclose()

    return asyncio.run(main())


async def collect(chat: RemoteChat) -> list[dict]:
    async with aclosing(chat.stream({"stream": True})) as chunks:
        return [chunk async for chunk in chunks]


def failing(status: int, message: str = "no", headers: dict[str, str] | None = None) -> httpx2.Response:
    error = {"message": message, "type": "t", "param": "p", "code": "c"}
    return httpx2.Response(status, json={"error": error}, headers=headers)


def test_an_answer_carries_the_name_used_here_and_the_request_the_name_used_there():
    endpoint = Endpoint(httpx2.Response(200, json=ANSWER))
    completion = run(endpoint)
    assert (completion.model, completion.choices[0].message.content) == ("judge", "4")
    assert endpoint.bodies == [{"model": "there", "messages": [{"role": "user", "content": "2+2"}], "temperature": 0.0}]
    assert endpoint.keys == ["Bearer k"]


def test_an_endpoint_counts_a_prompt_by_an_answer_of_one_token():
    endpoint = Endpoint(httpx2.Response(200, json=ANSWER), httpx2.Response(200, json={**ANSWER, "usage": None}))
    assert run(endpoint, lambda chat: chat.prompt_tokens({"messages": []})) == 3
    assert endpoint.bodies == [{"model": "there", "messages": [], "max_completion_tokens": 1}]
    with pytest.raises(Unavailable, match="does not tell how many tokens"):
        run(endpoint, lambda chat: chat.prompt_tokens({"messages": []}))


def test_passing_failures_are_tried_again_with_growing_pauses():
    endpoint = Endpoint(failing(500), httpx2.ConnectError("refused"), failing(429), httpx2.Response(200, json=ANSWER))
    assert run(endpoint).choices[0].message.content == "4"
    assert [round(pause) for pause in endpoint.pauses[1:]] in ([1, 2], [1, 3], [1, 1])
    assert endpoint.pauses == sorted(endpoint.pauses)


def test_retry_after_is_honoured_in_both_units():
    endpoint = Endpoint(
        failing(429, headers={"retry-after": "7"}),
        failing(503, headers={"retry-after-ms": "250", "retry-after": "9"}),
        httpx2.Response(200, json=ANSWER),
    )
    run(endpoint)
    assert endpoint.pauses == [7.0, 0.25]


def test_a_pause_that_is_too_long_is_not_waited_for():
    endpoint = Endpoint(failing(429, "quota", headers={"retry-after": str(LONGEST_PAUSE_S + 1)}))
    with pytest.raises(GraderUnavailable, match=r"tried once .*HTTP 429: quota"):
        run(endpoint)
    assert endpoint.pauses == []


def test_a_judge_that_stays_away_is_a_grader_unavailable():
    with pytest.raises(GraderUnavailable, match=r"tried 4 times .*ConnectError: refused"):
        run(Endpoint(*[httpx2.ConnectError("refused")] * 4))


def test_a_proxied_endpoint_that_stays_away_is_unavailable():
    with pytest.raises(Unavailable, match="HTTP 502: no"):
        run(Endpoint(*[failing(502)] * 4), lambda chat: chat.forward({}))


def test_a_refused_request_is_not_tried_again_and_keeps_the_endpoints_words():
    endpoint = Endpoint(failing(400, "messages is empty"))
    with pytest.raises(InvalidRequest) as caught:
        run(endpoint)
    assert (caught.value.message, caught.value.param, caught.value.code) == ("messages is empty", "p", "c")
    assert len(endpoint.bodies) == 1


def test_a_wrong_key_is_said_to_be_the_endpoints():
    with pytest.raises(InvalidRequest, match="The endpoint of model 'judge' answered 401: bad key"):
        run(Endpoint(failing(401, "bad key")))


def test_an_error_body_of_any_form_gives_a_message():
    for response in (httpx2.Response(400, text="plain"), httpx2.Response(400, json={"error": "plain"})):
        with pytest.raises(InvalidRequest, match=r"^plain$"):
            run(Endpoint(response))


def test_an_answer_that_is_no_completion_is_a_grader_unavailable():
    for response in (httpx2.Response(200, text="<html>"), httpx2.Response(200, json={"model": "there"})):
        with pytest.raises(GraderUnavailable):
            run(Endpoint(response))


def test_a_time_out_is_a_setback():
    async def hang(request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> None:
        remote = Remote(base_url="http://judge/v1", timeout_s=0.01, attempts=2)
        chat = RemoteChat(remote, "judge", client=client_of(hang), sleep=Endpoint().sleep)
        with pytest.raises(GraderUnavailable, match=r"tried 2 times .*no answer within 0.01 s"):
            await chat.complete(REQUEST)
        await chat.aclose()

    asyncio.run(main())


def test_no_more_requests_than_allowed_are_under_way():
    under_way = peak = 0

    async def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return httpx2.Response(200, json=ANSWER)

    async def main() -> None:
        remote = Remote(base_url="http://judge/v1", concurrency=3)
        chat = RemoteChat(remote, "judge", client=client_of(answer))
        await asyncio.gather(*[chat.complete(REQUEST) for _ in range(12)])
        await chat.aclose()

    asyncio.run(main())
    assert peak == 3


def test_a_stream_gives_each_chunk_renamed_and_ends_at_done():
    lines = [": comment", 'data: {"model":"there","choices":[]}', 'data: {"error":{"message":"x"}}', "data: [DONE]"]
    endpoint = Endpoint(failing(503), httpx2.Response(200, text="\n\n".join(lines) + "\n\n"))
    assert run(endpoint, collect) == [{"model": "judge", "choices": []}, {"error": {"message": "x"}}]
    assert endpoint.bodies[1] == {"stream": True, "model": "there"}


def test_a_stream_that_breaks_off_is_unavailable():
    with pytest.raises(Unavailable, match="ended early"):
        run(Endpoint(httpx2.Response(200, text='data: {"model":"there"}\n\n')), collect)


def test_a_refused_stream_raises_before_the_first_chunk():
    with pytest.raises(InvalidRequest, match=r"^no$"):
        run(Endpoint(failing(400)), collect)


async def relayed(chat: RemoteChat) -> list[bytes]:
    return [events async for events in chat.relay({"stream": True})]


def test_relayed_events_are_whole_however_they_come():
    class Bits(httpx2.AsyncByteStream):
        async def __aiter__(self):
            for bit in (b'data: {"a"', b":1}\n", b'\ndata: {"b":2}\n\ndata: [DO', b"NE]\n\n"):
                yield bit

    found = run(Endpoint(failing(503), httpx2.Response(200, stream=Bits())), relayed)
    assert found == [b'data: {"a":1}\n\ndata: {"b":2}\n\n', b"data: [DONE]\n\n"]


def test_a_relayed_stream_that_breaks_off_is_unavailable_and_its_torn_event_is_not_passed_on():
    seen: list[bytes] = []

    async def act(chat: RemoteChat) -> None:
        async for events in chat.relay({"stream": True}):
            seen.append(events)  # noqa: PERF401  # what came before the error is wanted

    with pytest.raises(Unavailable, match="ended early"):
        run(Endpoint(httpx2.Response(200, text='data: {"a":1}\n\ndata: {"b')), act)
    assert seen == [b'data: {"a":1}\n\n']


def test_a_shortcut_is_taken_for_a_while_and_left_where_nobody_answers_there():
    asked: list[str] = []
    dead = set()

    def handler(request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        asked.append(host)
        if host in dead:
            raise httpx2.ConnectError("gone")
        if host == "keeper":
            return httpx2.Response(307, headers={"location": "http://base/v1/chat/completions"})
        return httpx2.Response(200, json=ANSWER)

    async def main() -> None:
        shortcut = Shortcut(60.0)
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(handler), follow_redirects=True)
        remote = Remote(base_url="http://keeper/v1", attempts=3)
        for _ in range(2):
            chat = RemoteChat(remote, "m", client=client, shortcut=shortcut, sleep=Endpoint().sleep)
            await chat.forward({})
        assert asked == ["keeper", "base", "base"]
        dead.add("base")
        asked.clear()
        with pytest.raises(Unavailable):
            await chat.forward({})
        assert asked == ["base", "keeper", "base", "keeper", "base"]
        dead.clear()
        asked.clear()
        shortcut.learn(None)
        await chat.forward({})
        shortcut.until = 0.0
        await chat.forward({})
        assert asked == ["keeper", "base"] * 2
        await client.aclose()

    asyncio.run(main())
