"""Whether a JSON schema can be enforced while sampling; llguidance alone says so, without a model or torch."""

import json
from importlib.metadata import version
from typing import Any

from llguidance import LLMatcher

from burnish.core.errors import InvalidRequest
from burnish.spec.formats import with_exact_formats

Json = Any

LIBRARY = f"llguidance-{version('llguidance')}"
"""Part of every constraint's digest: another version may allow other tokens."""


def grammar_of(schema: str) -> str:
    """llguidance's grammar of a JSON schema given as JSON text: compact JSON, no whitespace between tokens."""
    exact = _text_of(with_exact_formats(json.loads(schema)))
    grammar: str = LLMatcher.grammar_from_json_schema(exact, overrides={"whitespace_flexible": False})
    return grammar


def check_schema(schema: Json, param: str = "response_format") -> str:
    """The schema as JSON text. Raises `InvalidRequest`, code `invalid_json_schema`, with llguidance's reason."""
    if not isinstance(schema, dict):
        raise InvalidRequest("The JSON schema must be an object.", param=param, code="invalid_json_schema")
    reason = reason_against(schema)
    if reason is not None:
        raise InvalidRequest(
            f"This JSON schema cannot be enforced: {reason}. Simplify it, or leave out response_format.",
            param=param,
            code="invalid_json_schema",
        )
    return _text_of(schema)


def reason_against(schema: dict[str, Json]) -> str | None:
    """Why llguidance cannot enforce a schema; None where it can."""
    try:
        failed, messages = LLMatcher.validate_grammar_with_warnings(grammar_of(_text_of(schema)))
    except (ValueError, RecursionError) as error:
        failed, messages = True, [str(error)]
    return "; ".join(messages).strip() if failed else None


def _text_of(schema: Json) -> str:
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
