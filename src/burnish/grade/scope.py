"""What a grader's templates see: `item`, the whole row, and `sample`, the answer."""

from collections.abc import Mapping
from typing import Any

from burnish.core.rollout import Fault, FaultNote, Item, Json, Sample
from burnish.core.template import UnknownVariable

SAMPLE_VARIABLES = frozenset({"output_text", "output_json", "output_tools", "output_audio", "choices"})
"""The keys that `sample` may have. `output_json` is missing where the answer has no JSON."""


def scope_of(item: Item, sample: Sample) -> Mapping[str, Json]:
    """The namespaces `item` and `sample`, in the shapes that OpenAI documents for graders."""
    tool_calls = list(sample.tool_calls)
    seen: dict[str, Any] = {
        "output_text": sample.text,
        "output_tools": tool_calls,
        "output_audio": None,
        "choices": [_choice(sample, tool_calls)],
    }
    if sample.json is not None:
        seen["output_json"] = sample.json
    return {"item": item.fields, "sample": seen}


def note_of(error: UnknownVariable, sample: Sample) -> FaultNote:
    """The fault of an unknown variable: the answer's, where its JSON is wanted and it has none; else the template's."""
    if sample.json is None and _names_output_json(error.path):
        return FaultNote(Fault.SAMPLE_PARSE, f"'{error.path}' is wanted, but the answer is no JSON that was parsed.")
    return FaultNote(Fault.INVALID_VARIABLE, str(error))


def _names_output_json(path: str) -> bool:
    return path.replace("[", ".").split(".")[:2] == ["sample", "output_json"]


def _choice(sample: Sample, tool_calls: list[Mapping[str, Json]]) -> dict[str, Json]:
    message: dict[str, Json] = {"role": "assistant", "content": sample.text, "refusal": None}
    if tool_calls:
        message["tool_calls"] = tool_calls
    finish = "tool_calls" if tool_calls and sample.finish == "stop" else sample.finish
    return {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
