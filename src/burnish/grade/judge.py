"""A judge model asked for structured output, patiently.

The messages go out in the order they were written: a prompt that puts what varies last shares its beginning with
every other answer's, and a prefix cache on the judge's side works.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from burnish.core.errors import Busy, GraderUnavailable, InvalidRequest, Unavailable
from burnish.core.rollout import Json, TokenUsage
from burnish.core.template import fill
from burnish.grade.tools import Chat, Tools
from burnish.spec.chat import ChatCompletion, ChatRequest
from burnish.spec.grader import AudioPart, ImagePart, JudgeMessage, SamplingParams, TextPart

log = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_PAUSE_S = 1.0
"""Before the second attempt; three times as long before the third."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge with its prompt."""

    model: str
    messages: tuple[JudgeMessage, ...]
    sampling: SamplingParams
    chat: Chat
    tools: Tools

    async def ask(self, scope: Mapping[str, Json], response_format: Mapping[str, Json]) -> ChatCompletion:
        """The judge's answer.

        Raises `UnknownVariable` where the prompt names what is not there, `GraderUnavailable` after the last attempt.
        """
        request = ChatRequest(
            model=self.model,
            messages=[_filled(message, scope) for message in self.messages],
            response_format=dict(response_format),
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            seed=self.sampling.seed,
            max_completion_tokens=self.sampling.max_completions_tokens,
            reasoning_effort=self.sampling.reasoning_effort,
        )
        for attempt in range(1, ATTEMPTS):
            try:
                return await self.chat.complete(request)
            except (GraderUnavailable, Busy, Unavailable) as error:
                pause_s = FIRST_PAUSE_S * 3 ** (attempt - 1)
                fields = {"model": self.model, "attempt": attempt, "pause_s": pause_s, "reason": error.message}
                log.warning("judge will be asked again", extra=fields)
                await self.tools.sleep(pause_s)
        return await self.chat.complete(request)


def check_parts(messages: tuple[JudgeMessage, ...], param: str) -> None:
    """Raise `InvalidRequest` for images and sound, which this version does not send."""
    for index, message in enumerate(messages):
        for part in _parts(message):
            if not isinstance(part, TextPart):
                where = f"{param}.input[{index}].content"
                raise InvalidRequest(f"Content of type '{part.type}' is not available in this version.", param=where)


def usage_of(completion: ChatCompletion) -> TokenUsage:
    """The tokens used, 0 where the judge does not say."""
    used = completion.usage
    if used is None:
        return TokenUsage(0, 0)
    details = used.prompt_tokens_details
    return TokenUsage(used.prompt_tokens, used.completion_tokens, details.cached_tokens if details else 0)


def _filled(message: JudgeMessage, scope: Mapping[str, Json]) -> dict[str, Json]:
    """In chat shape: a single text as a string, which every chat template takes, more as parts."""
    texts = [fill(part.text, scope) for part in _parts(message) if isinstance(part, TextPart)]
    content = texts[0] if len(texts) == 1 else [{"type": "text", "text": text} for text in texts]
    return {"role": message.role, "content": content}


def _parts(message: JudgeMessage) -> tuple[TextPart | ImagePart | AudioPart, ...]:
    content = message.content
    if isinstance(content, str):
        return (TextPart(type="input_text", text=content),)
    return content if isinstance(content, tuple) else (content,)
