"""A judge model with its prompt.

The messages go out in the order they were written: a prompt that puts what varies last shares its beginning with
every other answer's, and a prefix cache on the judge's side works. Whoever asks again after a failure is the Chat
(`remote/endpoint.py`), and nobody else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Json, TokenUsage
from burnish.core.template import fill
from burnish.grade.tools import Chat
from burnish.spec.chat import ChatCompletion, ChatRequest
from burnish.spec.grader import AudioPart, ImagePart, JudgeMessage, Part, SamplingParams, TextPart


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge with its prompt."""

    model: str
    messages: tuple[JudgeMessage, ...]
    sampling: SamplingParams
    chat: Chat

    async def ask(self, scope: Mapping[str, Json], response_format: Mapping[str, Json]) -> ChatCompletion:
        """The judge's answer.

        Raises `UnknownVariable` where the prompt names what is not there, and what the chat raises.
        """
        return await self.chat.complete(
            ChatRequest(
                model=self.model,
                messages=[filled(message, scope) for message in self.messages],
                response_format=dict(response_format),
                temperature=self.sampling.temperature,
                top_p=self.sampling.top_p,
                seed=self.sampling.seed,
                max_completion_tokens=self.sampling.max_completions_tokens,
                reasoning_effort=self.sampling.reasoning_effort,
            )
        )


def check_images(messages: tuple[JudgeMessage, ...], param: str) -> None:
    """Raise `InvalidRequest` for an image that no judge can be sent; `param` is where the grader stands."""
    for where, part in _places(messages, param):
        if not isinstance(part, ImagePart):
            continue
        if part.file_id is not None:
            message = "Images by 'file_id' are not available in this version; give an 'image_url', a data: URL say."
            raise InvalidRequest(message, param=f"{where}.file_id")
        if part.image_url is None:
            raise InvalidRequest("An image needs an 'image_url'.", param=f"{where}.image_url")


def check_text_only(messages: tuple[JudgeMessage, ...], param: str) -> None:
    """Raise `InvalidRequest` for images and sound: what a judge that reads text only cannot take."""
    for where, part in _places(messages, param):
        if not isinstance(part, TextPart):
            message = f"A judge on this machine reads text only, not '{part.type}'; name one of models.remote."
            raise InvalidRequest(message, param=where)


def usage_of(completion: ChatCompletion) -> TokenUsage:
    """The tokens used, 0 where the judge does not say."""
    used = completion.usage
    if used is None:
        return TokenUsage(0, 0)
    details = used.prompt_tokens_details
    return TokenUsage(used.prompt_tokens, used.completion_tokens, details.cached_tokens if details else 0)


def filled(message: JudgeMessage, scope: Mapping[str, Json]) -> dict[str, Json]:
    """A message in chat shape: a single text as a string, which every chat template takes, all else as parts.

    Raises `UnknownVariable`.
    """
    parts = [_chat_part(part, scope) for part in _parts(message)]
    if len(parts) == 1 and parts[0]["type"] == "text":
        return {"role": message.role, "content": parts[0]["text"]}
    return {"role": message.role, "content": parts}


def _chat_part(part: Part, scope: Mapping[str, Json]) -> dict[str, Json]:
    match part:
        case TextPart():
            return {"type": "text", "text": fill(part.text, scope)}
        case ImagePart():
            image = {"url": fill(part.image_url or "", scope)}
            return {"type": "image_url", "image_url": image | ({"detail": part.detail} if part.detail else {})}
        case AudioPart():
            sound = {"data": fill(part.input_audio.data, scope), "format": part.input_audio.format}
            return {"type": "input_audio", "input_audio": sound}


def _places(messages: tuple[JudgeMessage, ...], param: str) -> Iterator[tuple[str, Part]]:
    """Every part and where it stands."""
    for index, message in enumerate(messages):
        where = f"{param}.input[{index}].content"
        is_list = isinstance(message.content, tuple)
        for place, part in enumerate(_parts(message)):
            yield f"{where}[{place}]" if is_list else where, part


def _parts(message: JudgeMessage) -> tuple[Part, ...]:
    content = message.content
    if isinstance(content, str):
        return (TextPart(type="input_text", text=content),)
    return content if isinstance(content, tuple) else (content,)
