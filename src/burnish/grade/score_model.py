"""`score_model`: a judge model's number, in OpenAI's schema of steps and result."""

import dataclasses
import json
import math
from dataclasses import dataclass

from burnish.core.errors import BurnishError
from burnish.core.rollout import Fault, FaultNote, Grade, Json
from burnish.grade.door import Case, Title
from burnish.grade.judge import Judge, usage_of
from burnish.spec.chat import ChatChoice, ChatCompletion

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """The judge's `result`, clamped into the range and not rescaled."""

    judge: Judge
    low: float
    high: float

    async def grade(self, case: Case, title: Title) -> Grade:
        """The judge's score; 0 with its fault where it refuses or cannot be read, None where it cannot be reached."""
        try:
            completion = await self.judge.ask(case.scope, response_format(self.low, self.high))
        except BurnishError as error:
            lost = title.grade(None, FaultNote(Fault.MODEL_SERVER, error.message))
            return dataclasses.replace(lost, model=self.judge.model)
        usage = {self.judge.model: usage_of(completion)}
        return dataclasses.replace(self._read(completion, title), model=self.judge.model, usage=usage)

    def _read(self, completion: ChatCompletion, title: Title) -> Grade:
        choice = completion.choices[0] if completion.choices else None
        refusal = _refusal(choice)
        if refusal is not None:
            return title.grade(0.0, FaultNote(Fault.MODEL_REFUSAL, refusal))
        result = _result(choice)
        if result is None:
            return title.grade(0.0, FaultNote(Fault.MODEL_PARSE, _complaint(choice)))
        return title.grade(min(max(result, self.low), self.high))


def response_format(low: float, high: float) -> dict[str, Json]:
    """OpenAI's structured output for score graders: reasoned steps, then the number."""
    step = _object({"description": {"type": "string"}, "conclusion": {"type": "string"}})
    schema = _object(
        {
            "steps": {
                "type": "array",
                "description": "The reasoning, step by step, before the score.",
                "items": step,
            },
            "result": {"type": "number", "description": f"The score: a number from {low:g} to {high:g}."},
        }
    )
    return {"type": "json_schema", "json_schema": {"name": "score", "strict": True, "schema": schema}}


def _object(properties: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _refusal(choice: ChatChoice | None) -> str | None:
    if choice is None:
        return None
    if choice.message.refusal:
        return choice.message.refusal
    return "The judge's answer was withheld by a content filter." if choice.finish_reason == "content_filter" else None


def _result(choice: ChatChoice | None) -> float | None:
    """The number, whatever surrounds it in the object; None where there is none."""
    try:
        answer = json.loads((choice.message.content if choice else None) or "")
    except (ValueError, RecursionError):
        return None
    result = answer.get("result") if isinstance(answer, dict) else None
    if isinstance(result, bool) or not isinstance(result, int | float):
        return None
    try:
        return float(result) if math.isfinite(result) else None
    except OverflowError:
        return None


def _complaint(choice: ChatChoice | None) -> str:
    if choice is None:
        return "The judge gave no answer."
    if choice.finish_reason == "length":
        return "The judge ran out of tokens; raise sampling_params.max_completions_tokens."
    shown = (choice.message.content or "")[:_SHOWN_CHARACTERS]
    return f"The judge's answer is not the JSON object asked for, with a number in 'result': {shown!r}"
