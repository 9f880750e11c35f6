"""Graders as forms: which fields each kind has, a form's values as a grader's JSON, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = Any
Values = dict[str, str]
Look = Literal["line", "area", "code", "choice", "model"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    key: str
    title: str
    look: Look = "line"
    begins: str = ""
    choices: tuple[str, ...] = ()


_NAME = Field("name", "Name", begins="grader")
_INPUT = Field("input", "Input (template)", "area", "{{sample.output_text}}")
_REFERENCE = Field("reference", "Reference (template)", "area", "{{item.answer}}")
_METRICS = (
    "fuzzy_match",
    "bleu",
    "gleu",
    "meteor",
    "cosine",
    "rouge_1",
    "rouge_2",
    "rouge_3",
    "rouge_4",
    "rouge_5",
    "rouge_l",
)
_JUDGE = (
    _NAME,
    Field("model", "Judge model", "model"),
    Field("system", "Instructions (template)", "area", "You grade answers."),
    Field("user", "Question (template)", "area", "Reference: {{item.answer}}\nAnswer: {{sample.output_text}}"),
)
_SOURCE = "def grade(sample, item):\n    return 1.0 if sample['output_text'] == item['answer'] else 0.0\n"
FIELDS: Mapping[str, tuple[Field, ...]] = {
    "string_check": (
        _NAME,
        Field("operation", "Operation", "choice", "eq", ("eq", "ne", "like", "ilike")),
        _INPUT,
        _REFERENCE,
    ),
    "text_similarity": (
        _NAME,
        Field("evaluation_metric", "Metric", "choice", "fuzzy_match", _METRICS),
        _INPUT,
        _REFERENCE,
    ),
    "score_model": (
        *_JUDGE,
        Field("lowest", "Lowest score", begins="0"),
        Field("highest", "Highest score", begins="1"),
    ),
    "label_model": (
        *_JUDGE,
        Field("labels", "Labels, parted by commas", begins="good, bad"),
        Field("passing_labels", "Labels that pass", begins="good"),
    ),
    "python": (_NAME, Field("source", "Source", "code", _SOURCE)),
}
"""Fields of each kind that is no multi grader, in the order of the form."""
KINDS = (*FIELDS, "multi")


def begun(kind: str, model: str) -> Values:
    """The values that a form begins with."""
    return {each.key: model if each.look == "model" else each.begins for each in FIELDS[kind]}


def grader(kind: str, values: Mapping[str, str]) -> dict[str, Json]:
    """A form's values as a grader."""
    made: dict[str, Json] = {"type": kind}
    for each in FIELDS[kind]:
        match each.key:
            case "system" | "lowest":
                continue
            case "user":
                made["input"] = _messages(values["system"], values["user"])
            case "highest":
                made["range"] = [_number(values["lowest"]), _number(values["highest"])]
            case "labels" | "passing_labels":
                made[each.key] = [label.strip() for label in values[each.key].split(",") if label.strip()]
            case _:
                made[each.key] = values[each.key]
    return made


def multi(name: str, formula: str, parts: Mapping[str, Json]) -> dict[str, Json]:
    """A grader over others, by their keys."""
    return {"type": "multi", "name": name, "graders": dict(parts), "calculate_output": formula}


def values_of(made: Json) -> Values | None:
    """The values of the form that shows a grader; None where it has more than a form shows, or is none."""
    kind = made.get("type") if isinstance(made, dict) else None
    if not isinstance(kind, str) or kind not in FIELDS:
        return None
    values = begun(kind, "")
    try:
        for each in FIELDS[kind]:
            match each.key:
                case "system" | "lowest":
                    continue
                case "user":
                    values |= _asked(made["input"])
                case "highest":
                    values["lowest"], values["highest"] = (f"{bound:g}" for bound in made.get("range") or (0, 1))
                case "labels" | "passing_labels":
                    values[each.key] = ", ".join(made[each.key])
                case _:
                    values[each.key] = str(made.get(each.key, ""))
    except (KeyError, TypeError, ValueError):
        return None
    is_whole = set(made) <= set(grader(kind, values))
    return values if is_whole else None


def _messages(system: str, user: str) -> list[Json]:
    said = [{"role": "system", "content": system}] if system.strip() else []
    return [*said, {"role": "user", "content": user}]


def _asked(messages: Json) -> Values:
    """Raises `ValueError` for what is no question after instructions, if any."""
    roles = [each["role"] for each in messages]
    if roles not in (["user"], ["system", "user"]) or not all(isinstance(each["content"], str) for each in messages):
        raise ValueError(roles)
    return {"system": messages[0]["content"] if len(roles) > 1 else "", "user": messages[-1]["content"]}


def _number(text: str) -> Json:
    """What is no number the server names."""
    try:
        return float(text)
    except ValueError:
        return text
