"""What a tool call may look like, as a grammar: the name of a tool that was offered, and arguments under its schema.

Between the marks stands `{"name":…,"arguments":…}` in this order, with a blank after colons and commas or none: models
were taught either. llguidance alone says what can be enforced, without a model or torch.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.errors import InvalidRequest
from burnish.spec.formats import with_exact_formats
from burnish.spec.schema import reason_against

Json = Any

_SPACING = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}}
_ANY_OBJECT: Mapping[str, Json] = {"type": "object"}


def call_grammar(tools: Sequence[Mapping[str, Json]]) -> str:
    """The Lark grammar, in llguidance's dialect, of one call of any of these tools (chat's shape).

    Arguments keep to `function.parameters`; where that cannot be enforced, a strict tool is refused with
    `InvalidRequest` (code `invalid_function_parameters`), and any other may be given any object.
    """
    rules = [f"call_{number}: {_call(tool, number)}" for number, tool in enumerate(tools)]
    choice = " | ".join(f"call_{number}" for number in range(len(tools)))
    return "\n".join(['start: "\\n"? call "\\n"?', f"call: {choice}", *rules])


def _call(tool: Mapping[str, Json], number: int) -> str:
    function = tool["function"]
    name = re.escape(json.dumps(function["name"], ensure_ascii=False)).replace("/", "\\/")
    arguments = json.dumps(_parameters(function, number), ensure_ascii=False)
    return f'/\\{{"name": ?{name}, ?"arguments": ?/ %json {arguments} "}}"'


def _parameters(function: Mapping[str, Json], number: int) -> dict[str, Json]:
    """The schema of a tool's arguments, as it is enforced."""
    given = function.get("parameters") or _ANY_OBJECT
    reason = reason_against(given) if isinstance(given, dict) else "they must be an object"
    if reason is None:
        return {**with_exact_formats(given), **_SPACING}
    if function.get("strict"):
        param = f"tools[{number}].function.parameters"
        message = f"The parameters of tool '{function['name']}' cannot be enforced: {reason}."
        raise InvalidRequest(message, param=param, code="invalid_function_parameters")
    return {**_ANY_OBJECT, **_SPACING}
