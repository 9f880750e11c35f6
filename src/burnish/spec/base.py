"""The base classes of what a user may send: strict where a typo costs a day, lenient where clients send ballast."""

import json
import logging
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

log = logging.getLogger(__name__)
_ignored: set[tuple[str, str]] = set()


class Spec(BaseModel):
    """A strict body or part of one: frozen, unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _as_json(data: Any) -> Any:
    """Raise for what Python alone reads or cannot write: NaN, infinity, half a surrogate pair, and what is too deep."""
    try:
        json.dumps(data, ensure_ascii=False, allow_nan=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("no_text", "A string holds half a surrogate pair, which is no text") from error
    except ValueError as error:
        raise PydanticCustomError("no_json", "NaN and Infinity are no JSON values") from error
    except RecursionError as error:
        raise PydanticCustomError("too_deep", "It is nested too deeply") from error
    return data


AsJson = BeforeValidator(_as_json)
"""At a route's lenient body, as `Body` does: what is passed on or kept must be JSON."""


class Body(Spec):
    """A whole strict body that holds free JSON somewhere, which could hide what is no JSON."""

    @model_validator(mode="before")
    @classmethod
    def _is_json(cls, data: Any) -> Any:
        return _as_json(data)


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
