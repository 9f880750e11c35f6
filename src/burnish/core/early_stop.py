"""When a job ends before its last step because nothing improves: its metadata say so, or the settings for all jobs."""

import re
from collections.abc import Mapping

from burnish.core.errors import InvalidRequest

PREFIX = "burnish_early_stop_"
"""Of the metadata's keys that are about it; there is one, and no other key may begin with this."""
PATIENCE = PREFIX + "patience"
_WHOLE = re.compile(r"[0-9]{1,9}")


def patience_of(metadata: Mapping[str, str] | None, default: int | None = None) -> int | None:
    """Validation passes in a row that may bring no higher reward; None: the job goes on to its last step.

    What a job's metadata say holds, 0 meaning None, and else the default. Raises `InvalidRequest` for no number.
    """
    for key in metadata or {}:
        if key.startswith(PREFIX) and key != PATIENCE:
            message = f"There is no '{key}'. Early stopping has one key, '{PATIENCE}'."
            raise InvalidRequest(message, param=f"metadata.{key}", code="unknown_parameter")
    text = (metadata or {}).get(PATIENCE)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text):
        raise InvalidRequest(
            f"Invalid value for 'metadata.{PATIENCE}': '{text}'. Write a whole number of validation passes, such as "
            "'3', or '0' to go on to the last step in any case.",
            param=f"metadata.{PATIENCE}",
            code="invalid_value",
        )
    return int(text) or None
