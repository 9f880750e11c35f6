"""The two base classes of what a user may send: strict where a typo costs a day, lenient where clients send ballast."""

import logging
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

log = logging.getLogger(__name__)
_ignored: set[tuple[str, str]] = set()


class Spec(BaseModel):
    """A strict body or part of one: frozen, unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class LenientSpec(BaseModel):
    """A body whose unknown fields are ignored, and logged once each."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _log_unknown(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for name in data.keys() - cls.model_fields.keys():
                if (cls.__name__, name) not in _ignored:
                    _ignored.add((cls.__name__, name))
                    log.info("unknown field ignored", extra={"body": cls.__name__, "field": name})
        return data
