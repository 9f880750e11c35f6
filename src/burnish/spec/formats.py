"""String formats held to exactly: llguidance's grammars of some allow strings that a validator refuses.

A pattern beside such a format cuts them away.
"""

from typing import Any

Json = Any

_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY = "(?:(?:0[13-9]|1[0-2])-[0-9]{2}|02-(?:[01][0-9]|2[0-8]))"
"""Any but 29 February."""
_DATE = f"(?:[0-9]{{4}}-{_DAY}|{_LEAP_YEAR}-02-29)"
"""RFC 3339, appendix C."""
_TIME = "[0-9]{2}:[0-9]{2}:[0-5][0-9]"
"""Without leap seconds: which minutes have one hangs on the offset, and on a table of past ones."""
PATTERNS = {
    "date": f"^{_DATE}",
    "time": f"^{_TIME}",
    "date-time": f"^{_DATE}[Tt]{_TIME}",
    "email": "^[^@]{1,64}@[^.]{1,63}(?:[.][^.]{1,63})*$",
}
"""What a string of each format must match as well. An address has 64 octets at most before the @ (RFC 5321, 4.5.3.1),
and 63 in each label of its domain (RFC 1035, 2.3.4)."""
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
"""Keywords whose value is schemas by name: a name may be any keyword's."""
_DATA = ("const", "enum", "default", "examples")
"""Keywords whose value is no schema, whatever it looks like."""


def with_exact_formats(schema: Json) -> Json:
    """A copy of a JSON schema with `PATTERNS` beside its formats, however deep; its fields keep their order.

    Keywords that no draft knows are gone through, too: a `$ref` may point anywhere.
    """
    if isinstance(schema, list):
        return [with_exact_formats(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    exact = {keyword: _inner(keyword, value) for keyword, value in schema.items()}
    pattern = PATTERNS.get(schema["format"]) if isinstance(schema.get("format"), str) else None
    if pattern is None:
        return exact
    if "pattern" not in exact:
        return {**exact, "pattern": pattern}
    others = exact.get("allOf", [])
    return {**exact, "allOf": [*others, {"pattern": pattern}]} if isinstance(others, list) else exact


def _inner(keyword: str, value: Json) -> Json:
    if keyword in _DATA:
        return value
    if keyword in _NAMED and isinstance(value, dict):
        return {name: with_exact_formats(each) for name, each in value.items()}
    return with_exact_formats(value)
