"""Whether a JSON schema can be enforced while sampling; llguidance alone says so, without a model or torch."""

import json
from importlib.metadata import version
from typing import Any

from llguidance import LLMatcher

from burnish.core.errors import InvalidRequest

Json = Any

LIBRARY = f"llguidance-{version('llguidance')}"
"""Part of every constraint's digest: another version may allow other tokens."""


def grammar_of(schema: str) -> str:
    """llguidance's grammar of a JSON schema given as JSON text: compact JSON, no whitespace between tokens."""
    grammar: str = LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_flexible": False})
    return grammar


def check_schema(schema: Json, param: str = "response_format") -> str:
    """The schema as JSON text. Raises `InvalidRequest`, code `invalid_json_schema`, with llguidance's reason."""
    if not isinstance(schema, dict):
        raise InvalidRequest("The JSON schema must be an object.", param=param, code="invalid_json_schema")
    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    try:
        failed, messages = LLMatcher.validate_grammar_with_warnings(grammar_of(text))
    except ValueError as error:
        failed, messages = True, [str(error)]
    if failed:
        reason = "; ".join(messages).strip()
        raise InvalidRequest(
            f"This JSON schema cannot be enforced: {reason}. Simplify it, or leave out response_format.",
            param=param,
            code="invalid_json_schema",
        )
    return text
