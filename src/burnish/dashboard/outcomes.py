"""What came of eval runs, in the numbers and the few words that pages show."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.dashboard import words

Json = Any
IN_LINE = 300
"""Characters of a question or an answer in a list of items."""


def pass_rate(counts: Json) -> float | None:
    """The share of judged items that passed; items that are errors were not judged."""
    judged = counts["passed"] + counts["failed"]
    return counts["passed"] / judged if judged else None


def done(counts: Json) -> int:
    """Items of a run that have come to something."""
    return int(counts["passed"] + counts["failed"] + counts["errored"])


def is_under_way(run: Json) -> bool:
    """Whether a run will still change."""
    return run["status"] in ("queued", "in_progress")


def tokens(run: Json) -> int:
    """All tokens of all models that a run has asked, judges included."""
    return sum(use["total_tokens"] for use in run["per_model_usage"])


def criteria(made: Json) -> dict[str, str]:
    """The names of an eval's criteria by their ids."""
    return {each["id"]: each["name"] for each in made["testing_criteria"]}


def title(summary: Json) -> str:
    """What a page calls an eval. Those of jobs have long names, all alike."""
    if summary["fine_tuning_job_id"] is None:
        return str(summary["name"])
    job = summary["job_name"] or summary["fine_tuning_job_id"]
    return f"{job}: {'validation' if summary['phase'] == 'valid' else 'training'}"


def question(item: Json) -> str:
    """What was asked: the last message, or the item's fields."""
    for messages in (item["sample"].get("input"), item["datasource_item"].get("messages")):
        if isinstance(messages, list) and messages and isinstance(messages[-1], dict):
            content = messages[-1].get("content")
            return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    fields = item["datasource_item"]
    return "  ".join(f"{key}: {plain(value)}" for key, value in fields.items()) or "(the row is gone)"


def answer(item: Json) -> str:
    """What was answered; of an item that is an error, why there is nothing."""
    if (wrong := complaint(item["sample"])) is not None:
        return wrong
    said = (item["sample"].get("output") or [{}])[-1]
    if said.get("content"):
        return plain(said["content"])
    return json.dumps(said["tool_calls"], ensure_ascii=False) if said.get("tool_calls") else "(no text)"


def complaint(sample: Json) -> str | None:
    """Why a question got no answer; None where it got one."""
    error = sample.get("error") or {}
    return error.get("message") or error.get("code") or None


def line(item: Json) -> list[Json]:
    """An item as a list shows it: id, row, status, score and pass by criterion, question, answer, tokens."""
    usage = item["sample"].get("usage") or {}
    judged = [[result["score"], bool(result["passed"])] for result in item["results"]]
    said = [text[:IN_LINE] for text in (question(item), answer(item))]
    return [item["id"], item["datasource_item_id"], item["status"], judged, *said, usage.get("completion_tokens")]


def fields(items: Sequence[Json]) -> list[str]:
    """Paths of items that are worth slicing by: short values, that some of these items share."""
    values: dict[str, list[str]] = {}
    for item in items:
        for path, value in _leaves(item["datasource_item"], "item"):
            values.setdefault(path, []).append(value)
    return [path for path, found in values.items() if 1 < len(set(found)) <= max(2, len(found) // 2)]


def _leaves(value: Json, path: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}")]
    if isinstance(value, list) or len(text := plain(value)) > 60:
        return []
    return [(path, text)]


def plain(value: Json) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def interval(found: Json, form: str = ".3f") -> str:
    """A mean with its 95 % interval."""
    if found is None:
        return words.NOTHING
    return f"{found['mean']:{form}} {span(found, form)}"


def span(found: Json, form: str = ".3f") -> str:
    """The interval alone."""
    return f"[{found['low']:{form}}, {found['high']:{form}}]"


def tone(found: Json) -> str:
    """The colour of a difference: none for one that may be chance."""
    if not found["is_significant"]:
        return "level"
    return "good" if found["difference"]["mean"] > 0 else "bad"
