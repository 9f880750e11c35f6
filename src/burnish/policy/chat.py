"""A model in this process as a Chat: OpenAI's request in, OpenAI's answer or its stream of chunks out."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from burnish.core.ids import new_id
from burnish.policy.ask import Ask, ask_of, prompt_of
from burnish.policy.driver import Answers, Driver
from burnish.policy.engine import Finished
from burnish.policy.load import Base
from burnish.policy.news import News, joined
from burnish.policy.reading import Reading
from burnish.policy.row import Token
from burnish.policy.transcript import Transcript
from burnish.spec.chat import (
    ChatChoice,
    ChatCompletion,
    ChatMessage,
    ChatRequest,
    ChatUsage,
    CompletionDetails,
    PromptDetails,
)

Json = Any

CROWD = 8
"""Answers under way from which on the streams' tokens are sent by the handful: each write costs as much as a token."""
PAUSE_S = 0.02
"""Between two handfuls."""


class EngineChat:
    """One model, base or adapter, behind a driver that others may share."""

    def __init__(
        self,
        base: Base,
        driver: Driver,
        name: str,
        *,
        adapter: str | None = None,
        effort: str = "default",
        shows_reasoning: bool = False,
    ) -> None:
        """`name` is echoed in answers; `adapter` must be attached to the driver; `effort` is for requests without."""
        self.name = name
        self._base = base
        self._driver = driver
        self._adapter = adapter
        self._effort = effort
        self._shows_reasoning = shows_reasoning

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The whole answer. Cancelling it frees the engine's rows.

        Raises `InvalidRequest` for what cannot be asked, and `Unavailable` where the engine has failed.
        """
        exchange = self._exchange(request, streams=False)
        async with aclosing(exchange.news(self._driver, self._adapter)) as news:
            async for _ in news:
                pass
        return exchange.completion(self.name)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[dict[str, Json], None]:
        """The answer as bodies of `chat.completion.chunk`; closing the generator frees the engine's rows.

        Raises like `complete`, and what the request is to blame for before the first chunk.
        """
        exchange = self._exchange(request, streams=True)
        wants_usage = request.stream_options is not None and request.stream_options.include_usage
        head: dict[str, Json] = {
            "id": new_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": self.name,
            "system_fingerprint": None,
        }
        nothing_yet = {"usage": None} if wants_usage else {}
        async with aclosing(exchange.news(self._driver, self._adapter)) as news:
            async for number, delta, finish, logprobs in news:
                choice = {"index": number, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
                yield {**head, "choices": [choice], **nothing_yet}
        if wants_usage:
            yield {**head, "choices": [], "usage": exchange.usage().model_dump()}

    def prompt_tokens(self, request: ChatRequest) -> int:
        """How long the prompt is, without an answer to it. Raises `InvalidRequest` for what cannot be rendered."""
        return len(prompt_of(request, self._base, self._effort))

    def _exchange(self, request: ChatRequest, *, streams: bool) -> "_Exchange":
        ask = ask_of(request, self._base, self._effort, reasoning=self._shows_reasoning)
        return _Exchange(self._base, ask, streams=streams)


class _Exchange:
    """One request while it is answered."""

    def __init__(self, base: Base, ask: Ask, *, streams: bool) -> None:
        self._ask = ask
        tells_odds = ask.requests[0].likeliest is not None
        self._streams = streams
        self._is_whole = not streams and not ask.marks.stops and ask.marks.parallel and not tells_odds
        """Whether nothing need be known before an answer has ended."""
        self._readings = [
            Reading(base.vocabulary, ask.prompt_ids, ask.marks, shows_at_once=not self._is_whole) for _ in ask.requests
        ]
        self._transcripts = [Transcript(base.vocabulary) if tells_odds else None for _ in ask.requests]
        self._finishes = [""] * len(ask.requests)
        self._cached_tokens = 0

    async def news(self, driver: Driver, adapter: str | None) -> AsyncGenerator[News, None]:
        """Every choice's opening, its pieces as they become certain, and its end."""
        async with driver.answer(self._ask.requests, adapter, ends_only=self._is_whole) as answers:
            for number in range(len(self._readings)):
                yield News(number, {"role": "assistant", "content": "", "refusal": None})
            async for first in answers:
                told: list[News] = []
                for number, event in (first, *answers.ready()):
                    if not self._finishes[number]:
                        told += self._told(answers, number, event)
                for news in joined(told):
                    yield news
                if self._streams and driver.load > CROWD and not all(self._finishes):
                    await asyncio.sleep(PAUSE_S)

    def _told(self, answers: Answers, number: int, event: Token | Finished) -> list[News]:
        """What an event makes certain, and the end of the answer where it is one."""
        reading = self._readings[number]
        deltas = self._deltas(number, event)
        odds = self._new_odds(number, event)
        told: list[News] = []
        for delta in deltas or ([{"content": ""}] if odds else []):
            told.append(News(number, delta, logprobs=odds))
            odds = None
        if reading.is_over or isinstance(event, Finished):
            finish = event.completion.finish if isinstance(event, Finished) and not reading.is_over else "stop"
            answers.stop(number)
            self._finishes[number] = "tool_calls" if reading.calls and finish == "stop" else finish
            told.append(News(number, {}, self._finishes[number]))
        return told

    def _deltas(self, number: int, event: Token | Finished) -> list[dict[str, Json]]:
        """What an event makes certain, as chunks' deltas; a tool call comes whole."""
        reading = self._readings[number]
        if isinstance(event, Token):
            piece = reading.push(event.id)
        else:
            if self._is_whole:
                for token in event.completion.output_ids:
                    reading.push(token)
            if number == 0:
                self._cached_tokens = event.cached_tokens
            piece = reading.finish()
        first = len(reading.calls) - len(piece.calls)
        deltas: list[dict[str, Json]] = [{"reasoning_content": piece.reasoning}] if piece.reasoning else []
        deltas += [{"content": piece.text}] if piece.text else []
        return deltas + [{"tool_calls": [{"index": first + n, **call}]} for n, call in enumerate(piece.calls)]

    def _new_odds(self, number: int, event: Token | Finished) -> dict[str, Json] | None:
        """What an event makes certain of the tokens' log-probs, where they are wanted."""
        transcript, reading = self._transcripts[number], self._readings[number]
        if transcript is None:
            return None
        if isinstance(event, Token):
            transcript.push(event, is_reasoning=reading.tokens == reading.reasoning_tokens)
        return transcript.shown(reading, is_last=isinstance(event, Finished))

    def completion(self, name: str) -> ChatCompletion:
        """The answer, once all choices have ended."""
        return ChatCompletion(
            id=new_id("chatcmpl-"),
            object="chat.completion",
            created=int(time.time()),
            model=name,
            choices=[self._choice(index) for index in range(len(self._readings))],
            usage=self.usage(),
            system_fingerprint=None,
        )

    def _choice(self, index: int) -> ChatChoice:
        reading = self._readings[index]
        calls: dict[str, Json] = {"tool_calls": reading.calls} if reading.calls else {}
        thoughts: dict[str, Json] = {"reasoning_content": reading.reasoning} if self._ask.marks.reasoning else {}
        transcript = self._transcripts[index]
        content = None if reading.calls and not reading.text else reading.text
        return ChatChoice.model_validate(
            {
                "index": index,
                "message": ChatMessage.model_validate(
                    {"role": "assistant", "content": content, "refusal": None, **calls, **thoughts}
                ),
                "finish_reason": self._finishes[index],
                "logprobs": None if transcript is None else transcript.whole(),
            }
        )

    def usage(self) -> ChatUsage:
        """Tokens: the prompt once, and what every choice drew, reasoning and stop tokens included."""
        prompt = len(self._ask.prompt_ids)
        drawn = sum(reading.tokens for reading in self._readings)
        return ChatUsage(
            prompt_tokens=prompt,
            completion_tokens=drawn,
            total_tokens=prompt + drawn,
            prompt_tokens_details=PromptDetails(cached_tokens=self._cached_tokens),
            completion_tokens_details=CompletionDetails(
                reasoning_tokens=sum(reading.reasoning_tokens for reading in self._readings)
            ),
        )
