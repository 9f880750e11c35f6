"""Fills `{{ item.a.b[0] }}` and `{{ sample.output_json.x }}`: paths only, no code runs in a template."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

# No braces within: in '{{{item.x}}}' the innermost pair counts, and matching takes linear time.
_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
_PATH = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[[0-9]{1,9}\])*")
_PART = re.compile(r"\.?([A-Za-z_][\w-]*|[\w-]+)|\[([0-9]+)\]")


class UnknownVariable(Exception):
    """A template names something that is not there; the message says what and where it ended."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


def variables(template: str) -> list[str]:
    """The paths that the template names, in order, duplicates included."""
    return [match.group(1).strip() for match in _VARIABLE.finditer(template)]


def fill(template: str, scope: Mapping[str, Any]) -> str:
    """The template with every variable replaced.

    Text goes in as it is; every other value as compact JSON (`true`, `null`, `[1,2]`), for OpenAI leaves its
    rendering open and users embed numbers and lists in prompts. Raises `UnknownVariable`.
    """
    return _VARIABLE.sub(lambda match: _as_text(lookup(match.group(1).strip(), scope)), template)


def is_path(text: str) -> bool:
    """Whether a text is dotted keys and [n] indexes, so that something may lie there."""
    return _PATH.fullmatch(text) is not None


def lookup(path: str, scope: Mapping[str, Any]) -> Any:
    """The value at a path such as `item.rows[0].id`. Raises `UnknownVariable`."""
    if not is_path(path):
        raise UnknownVariable(
            f"'{{{{{path}}}}}' is no path; write dotted keys and [n] indexes, such as item.rows[0].id.", path
        )
    value: Any = scope
    seen = ""
    for match in _PART.finditer(path):
        key, index = match.group(1), match.group(2)
        if key is not None and isinstance(value, Mapping) and key in value:
            value = value[key]
        elif index is not None and _is_list(value) and int(index) < len(value):
            value = value[int(index)]
        else:
            raise UnknownVariable(
                f"'{path}' is unknown: {_describe(seen, value)} has no '{key if key is not None else f'[{index}]'}'.",
                path,
            )
        seen += match.group(0)
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _describe(seen: str, value: Any) -> str:
    name = f"'{seen}'" if seen else "the template"
    if isinstance(value, Mapping):
        return f"{name} (keys: {', '.join(map(str, value)) or 'none'})"
    if _is_list(value):
        return f"{name} (a list of {len(value)})"
    return f"{name} ({'null' if value is None else type(value).__name__})"


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)
