"""What chat finds fault with, by the names that fields have in the Responses API."""

import re

from burnish.core.errors import InvalidRequest

_NAMES = (
    (r"messages\b.*", "input"),
    (r"response_format\.json_schema", "text.format"),
    (r"response_format", "text.format"),
    (r"(tools\[\d+\])\.function", r"\1"),
    (r"reasoning_effort", "reasoning.effort"),
    (r"max_(?:completion_)?tokens", "max_output_tokens"),
)


def in_items(error: InvalidRequest) -> InvalidRequest:
    """The same error about a request in items."""
    param = error.param
    for pattern, name in _NAMES:
        if param is not None and re.match(pattern, param):
            return InvalidRequest(error.message, param=re.sub(pattern, name, param, count=1), code=error.code)
    return error
