import asyncio

from burnish.policy import chat as module
from burnish.policy.chat import EngineChat
from burnish.policy.driver import Driver
from burnish.policy.engine import Engine
from burnish.policy.load import Base
from burnish.policy.news import News, joined
from burnish.spec.chat import ChatRequest
from tests.tiny import write_tiny_model


def odds(*tokens: str) -> dict:
    return {"content": [{"token": token} for token in tokens], "refusal": None}


def text(content: str, number: int = 0, logprobs: dict | None = None) -> News:
    return News(number, {"content": content}, logprobs=logprobs)


def test_pieces_of_one_choice_become_one_with_all_their_log_probs():
    found = joined([text("a", logprobs=odds("a")), text("b"), text("c", logprobs=odds("c", ""))])
    assert found == [News(0, {"content": "abc"}, None, odds("a", "c", ""))]


def test_pieces_without_log_probs_have_none():
    assert joined([text("a"), text("b")]) == [text("ab")]


def test_choices_stay_apart():
    assert joined([text("a"), text("x", 1), text("b"), text("y", 1)]) == [text("ab"), text("xy", 1)]


def test_calls_reasoning_and_ends_keep_their_place():
    call = News(0, {"tool_calls": [{"index": 0}]})
    thought = News(0, {"reasoning_content": "hm"})
    end = News(0, {}, "stop")
    told = [thought, text("a"), call, text("b"), end]
    assert joined(told) == told


def test_in_a_crowd_tokens_are_sent_by_the_handful_and_say_the_same(tmp_path, monkeypatch):
    base = Base.load(write_tiny_model(tmp_path / "tiny"))
    driver = Driver(Engine(base), base.thread)
    chat = EngineChat(base, driver, "tiny", effort="none")
    messages = [{"role": "user", "content": "hello"}]
    request = ChatRequest(model="x", messages=messages, max_completion_tokens=40, seed=3, logprobs=True)

    async def told() -> list[tuple[str, list[str]]]:
        choices = [chunk["choices"][0] async for chunk in chat.stream(request)]
        entries = [(choice["logprobs"] or {}).get("content", []) for choice in choices]
        texts = [choice["delta"].get("content", "") for choice in choices]
        return [(text, [each["token"] for each in some]) for text, some in zip(texts, entries, strict=True)]

    alone = asyncio.run(told())
    monkeypatch.setattr(module, "CROWD", 0)
    crowd = asyncio.run(told())
    driver.close()
    assert len(crowd) < len(alone) / 2
    assert "".join(text for text, _ in crowd) == "".join(text for text, _ in alone) != ""
    assert [token for _, tokens in crowd for token in tokens] == [token for _, tokens in alone for token in tokens]
