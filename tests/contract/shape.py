"""Comparing bodies: what differs from run to run, made the same; and what the official client requires."""

import re
from typing import Any

from pydantic import BaseModel

_ID = re.compile(r"\b(file-|upload_|part_|ftjob-|ftevent-|ftckpt_|eval_)[0-9A-Za-z]{24}\b")
_TIMES = ("created_at", "finished_at", "expires_at", "execution_time")


def normal(body: Any) -> Any:
    """The body with random ids and times replaced by `…`."""
    match body:
        case dict():
            return {key: "…" if key in _TIMES and value is not None else normal(value) for key, value in body.items()}
        case list():
            return [normal(each) for each in body]
        case str():
            return _ID.sub(r"\1…", body)
    return body


def missing(parsed: BaseModel) -> list[str]:
    """The fields that the client's model requires and the body did not have."""
    required = {name for name, field in type(parsed).model_fields.items() if field.is_required()}
    return sorted(required - parsed.model_fields_set)
