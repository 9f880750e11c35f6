"""A random model as a Chat: what the requests promise holds whatever it says."""

import asyncio
import json
from array import array
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Completion, Source
from burnish.policy.adapter import Adapter
from burnish.policy.chat import EngineChat
from burnish.policy.driver import Driver
from burnish.policy.engine import Engine, Finished
from burnish.policy.load import Base
from burnish.policy.roles import Request
from burnish.policy.row import Token
from burnish.spec.chat import ChatCompletion, ChatRequest
from tests.tiny import write_tiny_model

SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["yes", "no"]}, "sure": {"type": "boolean"}},
    "required": ["verdict", "sure"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": SCHEMA, "strict": True}}


class CountingEngine(Engine):
    """Keeps how many answers each step advanced."""

    batches: list[int]

    def step(self) -> list[Token | Finished]:
        events = super().step()
        self.batches = [*getattr(self, "batches", []), len({event.ticket for event in events})]
        return events


class ScriptedEngine(Engine):
    """Says one text, a token a step, whatever it is asked."""

    def __init__(self, base: Base, text: str) -> None:
        super().__init__(base)
        self._ids = base.tokenizer.encode(text, add_special_tokens=False)
        self._said: dict[int, int] = {}
        self._asked: dict[int, Request] = {}

    @property
    def idle(self) -> bool:
        return not self._asked

    def add(self, request: Request, adapter: str | None = None) -> int:
        ticket = len(self._said)
        self._said[ticket], self._asked[ticket] = 0, request
        return ticket

    def cancel(self, ticket: int) -> None:
        self._asked.pop(ticket, None)

    def step(self) -> list[Token | Finished]:
        events: list[Token | Finished] = []
        for ticket, request in list(self._asked.items()):
            events.append(Token(ticket, self._ids[self._said[ticket]], 0.0, Source.SAMPLED))
            self._said[ticket] += 1
            if self._said[ticket] == len(self._ids):
                none = array("d")
                ids, source = array("q", self._ids), array("q")
                ended = Completion(request.key, request.prompt_ids, ids, none, source, none, None, 1.0, 0, 0, "stop")
                events.append(Finished(ticket, ended, 0))
                del self._asked[ticket]
        return events


@contextmanager
def scripted(base: Base, text: str) -> Iterator[EngineChat]:
    driver = Driver(ScriptedEngine(base, text), base.thread)
    yield EngineChat(base, driver, "tiny", effort="none")
    driver.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Base:
    return Base.load(write_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def engine(base) -> Engine:
    return Engine(base, max_rows=64)


@pytest.fixture
def chat(base, engine) -> Iterator[EngineChat]:
    driver = Driver(engine, base.thread)
    yield EngineChat(base, driver, "tiny", effort="none")
    driver.close()


def request_of(text: str = "hello", **fields: object) -> ChatRequest:
    body = {"model": "x", "messages": [{"role": "user", "content": text}], "max_completion_tokens": 40, **fields}
    return ChatRequest.model_validate(body)


def complete(chat: EngineChat, **fields: object) -> ChatCompletion:
    return asyncio.run(chat.complete(request_of(**fields)))


def stream(chat: EngineChat, **fields: object) -> list[dict]:
    async def main() -> list[dict]:
        return [chunk async for chunk in chat.stream(request_of(**fields))]

    return asyncio.run(main())


def texts(completion: ChatCompletion) -> list[str | None]:
    return [choice.message.content for choice in completion.choices]


def test_an_answer_names_its_model_and_counts_its_tokens(chat, base):
    completion = complete(chat, seed=1)
    assert (completion.model, completion.id[:9], len(completion.choices)) == ("tiny", "chatcmpl-", 1)
    prompt = base.renderer.prompt([{"role": "user", "content": "hello"}], [], "none")
    usage = completion.usage
    assert usage.prompt_tokens == len(prompt)
    assert usage.completion_tokens == 40 or completion.choices[0].finish_reason == "stop"
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.completion_tokens_details.reasoning_tokens == 0


def test_a_seed_gives_the_same_answers_and_no_seed_gives_others(chat):
    assert texts(complete(chat, seed=7)) == texts(complete(chat, seed=7)) != texts(complete(chat, seed=8))
    assert texts(complete(chat)) != texts(complete(chat))


def test_three_answers_differ_and_the_first_is_that_of_one(chat):
    three = texts(complete(chat, seed=7, n=3))
    assert len(set(three)) == 3
    assert three[:1] == texts(complete(chat, seed=7))


def test_usage_counts_the_prompt_once_and_every_answer(chat):
    one, three = complete(chat, temperature=0).usage, complete(chat, temperature=0, n=3).usage
    assert three.prompt_tokens == one.prompt_tokens
    assert three.completion_tokens == 3 * one.completion_tokens


def test_a_prompt_seen_before_counts_as_cached(chat):
    first, second = complete(chat).usage, complete(chat).usage
    assert first.prompt_tokens_details.cached_tokens == 0
    assert second.prompt_tokens_details.cached_tokens == second.prompt_tokens


def test_reasoning_is_hidden_and_counted(chat):
    completion = complete(chat, reasoning_effort="low", seed=1, max_completion_tokens=100)
    details = completion.usage.completion_tokens_details
    assert 0 < details.reasoning_tokens <= 33  # the low effort's budget, and the mark that ends it
    assert "</think>" not in completion.choices[0].message.content


def test_a_streams_pieces_join_to_the_plain_answer(chat):
    for seed in range(6):
        plain = complete(chat, seed=seed, n=2)
        chunks = stream(chat, seed=seed, n=2)
        for number, choice in enumerate(plain.choices):
            mine = [chunk["choices"][0] for chunk in chunks if chunk["choices"][0]["index"] == number]
            assert mine[0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
            assert "".join(each["delta"].get("content", "") for each in mine) == choice.message.content
            assert [each["finish_reason"] for each in mine[:-1]] == [None] * (len(mine) - 1)
            assert mine[-1]["finish_reason"] == choice.finish_reason


def test_a_stream_ends_with_its_usage_if_asked(chat):
    chunks = stream(chat, seed=3, n=2, stream_options={"include_usage": True})
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == complete(chat, seed=3, n=2).usage.total_tokens
    assert {chunk["usage"] for chunk in chunks[:-1]} == {None}
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert "usage" not in stream(chat, seed=3)[-1]


def test_an_answer_under_a_schema_always_parses(chat):
    for seed in range(10):
        completion = complete(chat, response_format=FORMAT, seed=seed, reasoning_effort="low", max_completion_tokens=99)
        answer = json.loads(completion.choices[0].message.content)
        assert answer["verdict"] in ("yes", "no")
        assert isinstance(answer["sure"], bool)
        assert completion.choices[0].finish_reason == "stop"


def test_a_streamed_answer_under_a_schema_parses(chat):
    chunks = stream(chat, response_format=FORMAT, seed=2)
    assert json.loads("".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)).keys() == {
        "verdict",
        "sure",
    }


def test_a_stop_string_cuts_the_answer_and_frees_its_row(chat, engine):
    whole = complete(chat, seed=11, max_completion_tokens=200)
    text = whole.choices[0].message.content
    mark = text[20:22]
    cut = complete(chat, seed=11, max_completion_tokens=200, stop=[mark])
    assert cut.choices[0].message.content == text[: text.index(mark)].rstrip()
    assert cut.choices[0].finish_reason == "stop"
    assert cut.usage.completion_tokens < whole.usage.completion_tokens


def test_a_stop_string_of_one_answer_leaves_the_others_alone(chat):
    plain = texts(complete(chat, seed=11, n=3))
    mark = plain[1][10:13]
    assert mark not in plain[0] + plain[2]
    cut = texts(complete(chat, seed=11, n=3, stop=mark))
    assert (cut[0], cut[2]) == (plain[0], plain[2])
    assert len(cut[1]) < len(plain[1])


def test_concurrent_greedy_answers_are_those_of_each_alone(chat):
    requests = [request_of(f"question {number}", temperature=0, max_completion_tokens=16) for number in range(24)]

    async def main() -> list[str | None]:
        together = await asyncio.gather(*[chat.complete(request) for request in requests])
        return [completion.choices[0].message.content for completion in together]

    together = asyncio.run(main())
    assert together == [texts(asyncio.run(chat.complete(request)))[0] for request in requests]


def test_sixty_four_calls_run_as_one_batch(base):
    engine = CountingEngine(base, max_rows=64)
    driver = Driver(engine, base.thread)
    chat = EngineChat(base, driver, "judge", effort="none")

    async def main() -> None:
        await asyncio.gather(*[chat.complete(request_of(seed=number)) for number in range(64)])

    asyncio.run(main())
    driver.close()
    assert max(engine.batches) >= 60
    assert len(engine.batches) <= 40 + 64  # an answer takes 40 steps, and each may arrive a step after the other


def test_a_tool_call_is_hidden_from_the_text_and_is_why_the_answer_ended(base):
    spoken = 'I look.<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call><|im_end|>'
    with scripted(base, spoken) as chat:
        choice = complete(chat, tools=[TOOL]).choices[0]
        chunks = stream(chat, tools=[TOOL])
    assert (choice.message.content, choice.finish_reason) == ("I look.", "tool_calls")
    assert choice.message.tool_calls[0]["function"] == {"name": "f", "arguments": '{"x": 1}'}
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    (calls,) = [delta["tool_calls"] for delta in deltas if "tool_calls" in delta]
    assert (calls[0]["index"], calls[0]["function"]) == (0, {"name": "f", "arguments": '{"x": 1}'})
    assert "".join(delta.get("content", "") for delta in deltas) == "I look."
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_call_without_text_has_no_content(base):
    with scripted(base, '<tool_call>{"name": "f"}</tool_call><|im_end|>') as chat:
        message = complete(chat, tools=[TOOL]).choices[0].message
    assert message.content is None
    assert message.tool_calls[0]["function"]["arguments"] == "{}"


def test_streamed_characters_are_never_cut(base):
    with scripted(base, "naïve 日本 👩‍👩‍👧 ✓<|im_end|>") as chat:
        pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in stream(chat)]
    assert "".join(pieces) == "naïve 日本 👩‍👩‍👧 ✓"
    assert not any("�" in piece for piece in pieces)


def test_cancelling_a_call_frees_its_rows(chat, engine):
    async def main() -> None:
        call = asyncio.ensure_future(chat.complete(request_of(n=8, max_completion_tokens=400)))
        while engine.idle:
            await asyncio.sleep(0.001)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        while not engine.idle:
            await asyncio.sleep(0.001)

    asyncio.run(main())


def test_closing_a_stream_frees_its_rows(chat, engine):
    async def main() -> None:
        async with aclosing(chat.stream(request_of(n=8, max_completion_tokens=400))) as chunks:
            await anext(chunks)
        while not engine.idle:
            await asyncio.sleep(0.001)

    asyncio.run(main())


def test_a_schema_that_cannot_be_enforced_is_the_requests_fault(chat):
    bad = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "integer", "minimum": "low"}}}
    with pytest.raises(InvalidRequest) as caught:
        complete(chat, response_format=bad)
    assert caught.value.code == "invalid_json_schema"


def test_an_adapter_answers_in_its_own_way(base, engine, tmp_path):
    adapter = Adapter.fresh(base.routing.targets, 4, 64.0, seed=1)
    for part in adapter.parameters():
        part.data.normal_(std=0.3)
    adapter.write(tmp_path / "a", "tiny")
    driver = Driver(engine, base.thread)

    async def main() -> list[list[str | None]]:
        await driver.attach("a", tmp_path / "a")
        tuned, plain = EngineChat(base, driver, "tuned", adapter="a"), EngineChat(base, driver, "tiny")
        answers = [await each.complete(request_of(temperature=0)) for each in (tuned, plain, tuned)]
        await driver.detach("a")
        return [texts(answer) for answer in answers]

    first, plain, again = asyncio.run(main())
    assert first == again != plain
    driver.close()


WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"enum": ["Rome", "Oslo"]}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}


def test_a_required_call_is_made_and_its_arguments_are_valid(chat):
    for seed in range(8):
        choice = complete(
            chat,
            tools=[TOOL, WEATHER],
            tool_choice="required",
            parallel_tool_calls=False,
            seed=seed,
            max_completion_tokens=120,
            temperature=0.7,
        ).choices[0]
        if choice.finish_reason == "length":
            continue
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
        (call,) = choice.message.tool_calls
        assert call["function"]["name"] in ("f", "weather")
        json.loads(call["function"]["arguments"])


def test_a_named_function_is_the_one_that_is_called(chat):
    named = {"type": "function", "function": {"name": "weather"}}
    for effort in ("none", "low"):
        choice = complete(
            chat,
            tools=[TOOL, WEATHER],
            tool_choice=named,
            parallel_tool_calls=False,
            seed=3,
            reasoning_effort=effort,
            max_completion_tokens=200,
        ).choices[0]
        arguments = json.loads(choice.message.tool_calls[0]["function"]["arguments"])
        assert arguments["city"] in ("Rome", "Oslo")
        assert 1 <= arguments["days"] <= 7


def test_a_nucleus_of_nearly_nothing_is_greedy(chat):
    assert texts(complete(chat, top_p=1e-6, seed=4)) == texts(complete(chat, temperature=0))
    assert texts(complete(chat, top_p=0.999999, seed=4)) == texts(complete(chat, seed=4))


def test_one_callers_nucleus_is_not_anothers(chat):
    async def main():
        return await asyncio.gather(*[chat.complete(request_of(seed=4, top_p=top_p)) for top_p in (1.0, 0.3, 1.0)])

    mine, narrow, other = [texts(each) for each in asyncio.run(main())]
    assert mine == other == texts(complete(chat, seed=4))
    assert narrow == texts(complete(chat, seed=4, top_p=0.3))


def test_reasoning_comes_as_text_to_those_who_may_see_it(base, engine):
    driver = Driver(engine, base.thread)
    chat = EngineChat(base, driver, "tiny", effort="low", shows_reasoning=True)
    plain = complete(chat, seed=1, max_completion_tokens=100).choices[0].message
    chunks = stream(chat, seed=1, max_completion_tokens=100)
    driver.close()
    assert plain.reasoning_content
    assert "</think>" not in plain.reasoning_content
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == plain.reasoning_content
    assert "".join(delta.get("content", "") for delta in deltas) == plain.content
