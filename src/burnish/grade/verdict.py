"""A judge's verdict: what it answers in OpenAI's schema of steps and result, made into a grade."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from burnish.core.errors import BurnishError
from burnish.core.rollout import Fault, FaultNote, Grade, Json
from burnish.grade.door import Case, Title
from burnish.grade.judge import Judge, usage_of
from burnish.spec.chat import ChatChoice, ChatCompletion

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What a judge is asked to decide."""

    name: str
    """What the result is, in a word; the schema's name too."""
    result: Mapping[str, Json]
    """The JSON schema of `result`."""
    score: Callable[[Json], float | None]
    """Of a `result`; None where it is not what was asked for."""
    wanted: str
    """What `result` should be, in words."""

    def response_format(self) -> dict[str, Json]:
        """Strict structured output: reasoned steps, then the result."""
        step = _object({"description": {"type": "string"}, "conclusion": {"type": "string"}})
        steps = {"type": "array", "description": f"The reasoning, step by step, before the {self.name}.", "items": step}
        schema = _object({"steps": steps, "result": dict(self.result)})
        return {"type": "json_schema", "json_schema": {"name": self.name, "strict": True, "schema": schema}}


async def graded(judge: Judge, question: Question, case: Case, title: Title) -> Grade:
    """The result's score; 0 with its fault where the judge refuses or cannot be read, None where it failed us."""
    try:
        completion = await judge.ask(case.scope, question.response_format())
    except BurnishError as error:
        lost = title.grade(None, FaultNote(Fault.MODEL_SERVER, error.message))
        return dataclasses.replace(lost, model=judge.model)
    grade = _read(completion, question, title)
    said = completion.choices[0].message.content if completion.choices else None
    return dataclasses.replace(grade, model=judge.model, usage={judge.model: usage_of(completion)}, said=said)


def _read(completion: ChatCompletion, question: Question, title: Title) -> Grade:
    choice = completion.choices[0] if completion.choices else None
    refusal = _refusal(choice)
    if refusal is not None:
        return title.grade(0.0, FaultNote(Fault.MODEL_REFUSAL, refusal))
    score = question.score(_result(choice))
    if score is None:
        return title.grade(0.0, FaultNote(Fault.MODEL_PARSE, _complaint(choice, question)))
    return title.grade(score)


def _object(properties: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _refusal(choice: ChatChoice | None) -> str | None:
    if choice is None:
        return None
    if choice.message.refusal:
        return choice.message.refusal
    return "The judge's answer was withheld by a content filter." if choice.finish_reason == "content_filter" else None


def _result(choice: ChatChoice | None) -> Json:
    """Whatever surrounds it in the object; None where there is none."""
    try:
        answer = json.loads((choice.message.content if choice else None) or "")
    except (ValueError, RecursionError):
        return None
    return answer.get("result") if isinstance(answer, dict) else None


def _complaint(choice: ChatChoice | None, question: Question) -> str:
    if choice is None:
        return "The judge gave no answer."
    if choice.finish_reason == "length":
        return "The judge ran out of tokens; raise sampling_params.max_completions_tokens."
    shown = (choice.message.content or "")[:_SHOWN_CHARACTERS]
    return f"The judge's answer is not the JSON object asked for, with {question.wanted} in 'result': {shown!r}"
