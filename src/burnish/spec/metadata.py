"""The pairs that callers tag things with, within OpenAI's limits."""

from typing import Annotated

from pydantic import AfterValidator

MOST_PAIRS = 16
MOST_KEY_CHARACTERS = 64
MOST_VALUE_CHARACTERS = 512


def _within_limits(value: dict[str, str] | None) -> dict[str, str] | None:
    if value is None:
        return None
    if len(value) > MOST_PAIRS:
        raise ValueError(f"at most {MOST_PAIRS} pairs are allowed, but {len(value)} were given.")
    for key, text in value.items():
        if len(key) > MOST_KEY_CHARACTERS:
            raise ValueError(f"the key '{key}' has {len(key)} characters; at most {MOST_KEY_CHARACTERS} are allowed.")
        if len(text) > MOST_VALUE_CHARACTERS:
            raise ValueError(
                f"the value of '{key}' has {len(text)} characters; at most {MOST_VALUE_CHARACTERS} are allowed."
            )
    return value


Metadata = Annotated[dict[str, str] | None, AfterValidator(_within_limits)]
"""None: no metadata at all."""
