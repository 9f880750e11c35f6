"""An answer given as text, as graders see it."""

import json
from collections.abc import Mapping, Sequence

from burnish.core.rollout import Json, Sample


def sample_of(text: str, tool_calls: Sequence[Mapping[str, Json]] = ()) -> Sample:
    """The answer; its `json` is filled where the text is JSON."""
    return Sample(text=text, json=_parsed(text), tool_calls=tuple(tool_calls))


def _parsed(text: str) -> Json | None:
    """None also for what Python alone takes for JSON or cannot write again: NaN, half a surrogate pair, great depth."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return value
